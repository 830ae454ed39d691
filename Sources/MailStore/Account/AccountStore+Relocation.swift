// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime

/// What has come of moving an account's messages.
package struct Relocation: Sendable {
    /// Messages that were copied, and their octets.
    package var messages = 0
    package var octets: UInt64 = 0
    /// Messages whose octets do not verify: they stay where they are.
    package var stuck: Set<BodyReference> = []
    /// Segments that the account still refers to though it was to leave them.
    package var remaining: Set<UInt32> = []
    /// False when `pace` said stop: nothing is lost and no segment was left.
    package var isComplete = false
}

/// The octets of a message at a place of the account, when all of them can be had though they cannot be copied as they
/// lie there; `nil` when they are lost.
package typealias Restaging =
    @Sendable (BodyReference, MessageRecord) async throws(MailStoreError) -> StagedOctets?

extension AccountStore {
    /// Octets that one append copies: a delivery that comes meanwhile waits for no more.
    private static let batchOctets: UInt64 = 1 << 20
    private static let batchMessages = 64

    /// Copies every message that lies in the segments `leaving` to the end of the log, and then writes the account's
    /// state as a base, so that no record before it is needed any more.
    ///
    /// Changes of the account go on while messages are copied, and wait while the base is written. `pace` is called with
    /// the octets that are about to be copied; it waits as it likes, and says false to end the work. `restage` is asked
    /// for the octets of a message that cannot be copied as it lies. One call at a time.
    package func relocate(
        leaving: Set<UInt32>,
        pace: @Sendable (UInt64) async -> Bool,
        restage: Restaging
    ) async throws(MailStoreError) -> Relocation {
        var relocation = Relocation()
        let plan = await planned(leaving)
        var moves = plan.known
        // Views may hold the old places, also when the work ends early.
        defer { forwarding.add(moves) }
        for batch in plan.batches(octets: Self.batchOctets, messages: Self.batchMessages) {
            guard await pace(batch.reduce(0) { $0 &+ $1.entry.size }) else { return relocation }
            for (source, target) in try await copy(batch, &relocation, restage) { moves[source] = target }
        }
        relocation.remaining = try await rebase(moves, leaving)
        relocation.isComplete = true
        return relocation
    }

    /// Writes the account's state as a base, with its messages where they are, and a snapshot.
    func writeBase() async throws(MailStoreError) {
        _ = try await rebase([:], [])
        await saveSnapshotNow()
    }

    private func planned(_ leaving: Set<UInt32>) async -> RelocationPlan {
        let (state, forwarding) = (state, forwarding)
        return await BlockingPool.shared.run { RelocationPlan(state, leaving, forwarding) }
    }

    /// Copies messages; those that cannot be are noted.
    private func copy(
        _ batch: ArraySlice<RelocationPlan.Message>,
        _ relocation: inout Relocation,
        _ restage: Restaging
    ) async throws(MailStoreError) -> [(BodyReference, BodyReference)] {
        var messages: [RelocationPlan.Message] = []
        var records: [MovedRecord] = []
        for message in batch {
            let body = message.entry.body
            guard let record = try await services.log.messageRecord(at: body, of: id) else {
                relocation.stuck.insert(body)
                continue
            }
            messages.append(message)
            records.append(MovedRecord(from: body, email: message.entry.email, message: message.updated(record)))
        }
        guard !records.isEmpty else { return [] }
        do throws(MailStoreError) {
            let bodies = records.map { LogBody.copy(of: $0.from, size: $0.message.size) }
            return try await append(records, bodies, &relocation)
        } catch {
            guard error.code == .damaged else { throw error }
        }
        guard messages.count == 1, let record = records.first else {
            var copied: [(BodyReference, BodyReference)] = []
            for message in messages { copied += try await copy([message], &relocation, restage) }
            return copied
        }
        guard let octets = try await restage(record.from, record.message) else {
            relocation.stuck.insert(record.from)
            return []
        }
        return try await append([record], [.message(octets)], &relocation)
    }

    private func append(
        _ records: [MovedRecord],
        _ bodies: [LogBody],
        _ relocation: inout Relocation
    ) async throws(MailStoreError) -> [(BodyReference, BodyReference)] {
        try checkIsOwner()
        let appends = zip(records, bodies).map { LogAppend(.moved($0), body: $1) }
        let places = try await isApplied(submit(appends))
        relocation.messages += records.count
        relocation.octets += records.reduce(0) { $0 + $1.message.size }
        return zip(records, places).map { ($0.from, $1.body) }
    }

    private func checkIsOwner() throws(MailStoreError) {
        guard isOver else { return }
        throw MailStoreError(.unavailable, "the account was removed", detail: "account \(id) has another owner")
    }

    /// Writes the state as a base, with messages in their new places.
    ///
    /// Returns the segments in `leaving` that are referred to all the same.
    private func rebase(
        _ moves: [BodyReference: BodyReference],
        _ leaving: Set<UInt32>
    ) async throws(MailStoreError) -> Set<UInt32> {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        while true {
            let (before, state) = (applied, state)
            let next = await BlockingPool.shared.run { RebasedState(state, moves, leaving) }
            guard applied == before else { continue }
            let appends = BaseRecord.pair(of: next.bytes).map { LogAppend(.base($0), body: .state(next.block)) }
            try await isApplied(submit(appends, base: next.state))
            return next.remaining
        }
    }
}

/// A state with its messages in new places, and its encoding.
private struct RebasedState: Sendable {
    let state: AccountState
    let bytes: [UInt8]
    let block: OctetBlock
    let remaining: Set<UInt32>

    init(_ old: AccountState, _ moves: [BodyReference: BodyReference], _ leaving: Set<UInt32>) {
        var state = old
        state.replaceBodies(moves)
        var remaining: Set<UInt32> = []
        state.visitBodies { _, entry in
            if leaving.contains(entry.body.segment) { remaining.insert(entry.body.segment) }
        }
        self.state = state
        self.remaining = remaining
        bytes = state.encode()
        block = OctetBlock(bytes)
    }
}

/// Which messages have to be copied to leave segments.
struct RelocationPlan: Sendable {
    struct Message: Sendable {
        var mailbox: MailboxID
        var entry: MessageEntry
        var flags: FlagSet

        /// The message's record with what is different by now.
        func updated(_ record: MessageRecord) -> MessageRecord {
            var updated = record
            (updated.mailbox, updated.uid, updated.modSeq, updated.flags) = (mailbox, entry.uid, entry.modSeq, flags)
            (updated.internalDate, updated.savedSeconds) = (entry.internalDate, entry.savedSeconds)
            updated.size = entry.size
            return updated
        }
    }

    /// Each place once, in the order of mailboxes and UIDs.
    private(set) var messages: [Message] = []
    /// Places whose copy was made before by work that ended early.
    private(set) var known: [BodyReference: BodyReference] = [:]

    init(_ state: AccountState, _ leaving: Set<UInt32>, _ forwarding: Forwarding) {
        var seen: Set<BodyReference> = []
        var staying: Set<BodyReference> = []
        state.visitBodies { mailbox, entry in
            guard leaving.contains(entry.body.segment) else {
                staying.insert(entry.body)
                return
            }
            guard seen.insert(entry.body).inserted else { return }
            let keywords = state.mailboxes[mailbox]?.keywords ?? []
            messages.append(Message(mailbox: mailbox, entry: entry, flags: entry.flags(keywords: keywords)))
        }
        for body in seen {
            let target = forwarding.target(of: body)
            if staying.contains(target) { known[body] = target }
        }
        messages.removeAll { known[$0.entry.body] != nil }
    }

    /// At least one message, and more up to a size.
    func batches(octets: UInt64, messages maximum: Int) -> [ArraySlice<Message>] {
        var batches: [ArraySlice<Message>] = []
        var (start, size) = (0, UInt64(0))
        for (place, message) in messages.enumerated() {
            if place > start, size &+ message.entry.size > octets || place - start >= maximum {
                batches.append(messages[start..<place])
                (start, size) = (place, 0)
            }
            size &+= message.entry.size
        }
        if start < messages.count { batches.append(messages[start...]) }
        return batches
    }
}
