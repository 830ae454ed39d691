// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Journal
internal import MailStore
internal import MailTypes
internal import Runtime

extension JournalAccountLog {
    /// Writes the fence of this start, and takes back the delivery ids of messages that may never have been
    /// acknowledged, so that a retry is stored anew; where octets were found to be lost, has every account pass over the
    /// numbers that may have been given in them.
    ///
    /// On a full disk all that stays owed, and is written before anything else is. Returns those messages, of shards that
    /// have anything in doubt: each is in pieces.
    func begin() async throws(MailStoreError) -> [Int: [DoubtfulMessage]] {
        var doubtful: [Int: [DoubtfulMessage]] = [:]
        var errno: Int32?
        for (number, shard) in shards.enumerated() {
            let messages = await BlockingPool.shared.run { Self.torn(in: shard) }
            if !shard.recovery.doubtful.isEmpty { doubtful[number] = messages }
            owed[number].owe(await BlockingPool.shared.run { self.startRecords(number, messages) })
            do throws(JournalError) {
                try await owed[number].write()
            } catch {
                guard case .full(let reason) = error else {
                    throw MailStoreError(error, "the store cannot be written")
                }
                errno = errno ?? reason
            }
        }
        if let errno { fullDisk.foundFull(errno: errno) }
        return doubtful
    }

    /// What this start has to write to a shard.
    ///
    /// Where octets were found to be lost the fence comes twice: the first one says how much every account has yet to pass
    /// over, so that a start after a kill does that again; the last one, that it is done. Blocks.
    private func startRecords(_ number: Int, _ doubtful: [DoubtfulMessage]) -> [OwedRecords.Item] {
        let octets = losses.octetsFound(number)
        var items: [OwedRecords.Item] = []
        if octets > 0 {
            let skipped = NumbersSkipped(lostOctets: octets, seconds: wallClock())
            items.append(fence(number, owing: octets))
            items += accounts(shard: number).map { OwedRecords.Item(account: $0, record: .numbersSkipped(skipped)) }
        }
        for message in doubtful {
            guard let delivery = message.delivery else { continue }
            items.append(OwedRecords.Item(account: message.account, record: .deliveriesForgotten([delivery])))
        }
        // Before all records of its epoch, but for what it says that it is done.
        return octets > 0 ? items + [fence(number)] : [fence(number)] + items
    }

    /// The fence of this start.
    private func fence(_ shard: Int, owing octets: UInt64 = 0) -> OwedRecords.Item {
        var lost = losses.all(shard)
        if octets > 0 { lost.append(LostOctets(owing: octets)) }
        return OwedRecords.Item(account: AccountID(Self.storeStream), record: .fence(epoch, lost: lost))
    }

    /// Records of the last commit whose octets are not all there; one in which a bit was flipped is whole.
    ///
    /// Blocks.
    private static func torn(in shard: Journal) -> [DoubtfulMessage] {
        shard.recovery.doubtful.compactMap { position in
            guard let entry = try? shard.record(at: position), !MendedBodies.prove(entry.body, shard),
                case .message(let message) = LogRecord.decode(entry.metadata)?.record
            else { return nil }
            let place = Self.place(entry.position, preamble: entry.body.preamble)
            return DoubtfulMessage(
                account: AccountID(entry.stream),
                mailbox: message.mailbox,
                body: place.body,
                delivery: message.delivery
            )
        }
    }

    /// Says that what `begin` returned of a shard has been dealt with.
    func settleDoubt(_ number: Int) async throws(JournalError) {
        try await owed[number].write()
        try await shards[number].settleDoubt()
    }

    /// As `Journal.seal`, which makes a checkpoint: a start from that would not see what is owed.
    func seal(_ number: Int) async throws(JournalError) {
        try await owed[number].write()
        try await shards[number].seal()
    }

    /// Writes what this start owes, where the disk was full.
    ///
    /// Throws only where numbers have to be passed over: nothing is amiss in a journal that just lacks a fence.
    func writeOwed() async throws(MailStoreError) {
        for (number, owed) in owed.enumerated() {
            do throws(JournalError) {
                try await owed.write()
            } catch {
                guard losses.octetsFound(number) > 0 else { continue }
                throw MailStoreError(error, "the store cannot be written")
            }
        }
    }

    /// Writes the fence of this start anew when its record is in segments that may go.
    ///
    /// Some of them may have to stay, so losses in all of them are named again; a start passes over those in segments that
    /// are not there.
    func renewFence(_ number: Int, ifIn segments: Set<UInt32>) async throws(MailStoreError) {
        do throws(JournalError) {
            try await owed[number].write()
            guard let head = shards[number].head(of: Self.storeStream), segments.contains(head.segment) else { return }
            let fence = fence(number)
            let proof = Fence(account: fence.account, epoch: epoch)
            _ = try await shards[number].append([Self.record(LogAppend(fence.record), proof)])
        } catch {
            throw MailStoreError(error, "the store cannot be written")
        }
    }
}

/// A message of the last commit before a crash, of which not every octet is there.
struct DoubtfulMessage: Sendable {
    var account: AccountID
    var mailbox: MailboxID
    var body: BodyReference
    var delivery: DeliveryID?
}
