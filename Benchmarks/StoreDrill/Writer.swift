// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import JournalStore
import MailStore
import MailTypes
import Runtime

/// One session that delivers, appends, flags, moves, copies and expunges messages of its own, one thing after the other.
final class DrillWriter {
    private let number: Int
    private let drill: Drill
    private var generator: Mixer
    private var sequence = 0
    /// By mailbox: UID and token of every message that is this writer's.
    private var mine: [MailboxName: [UInt32: String]] = [:]
    private static let keywords = ["work", "later", "$Phishing", "private"].compactMap { Keyword($0) }
    /// More than this are not kept, so that a long soak does not grow.
    private static let most = 40

    init(_ number: Int, _ drill: Drill, _ found: [SeenMessage]) {
        self.number = number
        self.drill = drill
        generator = Mixer(seed: UInt64(number) << 32 | UInt64(drill.options.cycle))
        for message in found { mine[message.mailbox, default: [:]][message.uid] = message.token }
    }

    private var id: UInt64 { UInt64(number % drill.options.accounts) + 1 }

    func run() async {
        guard let account = try? await drill.account(id) else { return }
        for token in drill.options.retry where DrillMessage(token).writer == number {
            await deliver(DrillMessage(token), to: account)
        }
        var left = drill.options.operations
        // With a number of operations given, they are all done, whatever standard input says.
        while left > 0, drill.options.operations < .max || !drill.isEnding {
            left -= 1
            let count = mine.values.reduce(0) { $0 + $1.count }
            switch generator.next() % 16 {
            case 0..<4: await deliver(nextMessage(), to: account)
            case 4..<7: await append(to: account)
            case 7..<11: await flag(account)
            case 11..<13: await move(account, isCopy: false)
            case 13: await move(account, isCopy: true)
            default: await expunge(account)
            }
            if count > Self.most { await expunge(account) }
        }
    }

    private func nextMessage() -> DrillMessage {
        sequence += 1
        return DrillMessage("\(number)-\(drill.options.cycle)-\(sequence)")
    }

    private func staged(_ octets: [UInt8]) async throws -> any StagedMessage {
        let staging = drill.store.stage()
        var offset = 0
        while offset < octets.count {
            let end = min(octets.count, offset + 16_000)
            try staging.add(Array(octets[offset..<end]))
            offset = end
        }
        return try await staging.finish()
    }

    private func deliver(_ message: DrillMessage, to account: any MailAccount) async {
        let outcome = await drill.ask("D \(id) INBOX \(message.token) \(message.sha256)") {
            try await account.append(
                staged(message.octets),
                to: .inbox,
                flags: .none,
                internalDate: MailDate(secondsSince1970: 1_800_000_000),
                delivery: message.delivery
            )
        } answer: {
            "\($0.uidValidity.rawValue) \($0.uid) \($0.wasDuplicate ? 1 : 0)"
        }
        if let outcome, !outcome.wasDuplicate { mine[.inbox, default: [:]][outcome.uid.rawValue] = message.token }
    }

    private func append(to account: any MailAccount) async {
        let message = nextMessage()
        let target = pick(Drill.mailboxes)
        let flags = someFlags()
        let outcome = await drill.ask("P \(id) \(target) \(message.token) \(message.sha256) \(text(flags))") {
            try await account.append(
                staged(message.octets),
                to: target,
                flags: flags,
                internalDate: MailDate(secondsSince1970: 1_800_000_000),
                delivery: nil
            )
        } answer: {
            "\($0.uidValidity.rawValue) \($0.uid) 0"
        }
        if let outcome { mine[target, default: [:]][outcome.uid.rawValue] = message.token }
    }

    private func flag(_ account: any MailAccount) async {
        guard let (mailbox, uids) = chooseSome(), let box = try? await account.status(of: mailbox) else { return }
        let mode = pick([FlagChange.Mode.add, .remove, .replace])
        let flags = someFlags()
        _ = await drill.ask("F \(id) \(mailbox) \(mode) \(text(flags)) \(list(uids))") {
            try await account.changeFlags(FlagChange(mode, flags), of: set(uids), in: box.id, unchangedSince: nil)
        } answer: {
            "\($0.messages.count)"
        }
    }

    private func move(_ account: any MailAccount, isCopy: Bool) async {
        guard let (source, chosen) = chooseSome() else { return }
        let target = pick(Drill.mailboxes.filter { $0 != source })
        let there = Set((mine[target] ?? [:]).values)
        let uids = chosen.filter { uid in mine[source]?[uid].map { !there.contains($0) } ?? false }
        guard !uids.isEmpty, let box = try? await account.status(of: source) else { return }
        let outcome = await drill.ask("\(isCopy ? "Y" : "M") \(id) \(source) \(target) \(list(uids))") {
            try await account.transfer(set(uids), from: box.id, to: target, removingSource: !isCopy)
        } answer: {
            $0.pairs.map { "\($0.source):\($0.target)" }.joined(separator: ",")
        }
        for pair in outcome?.pairs ?? [] {
            let token = mine[source]?[pair.source.rawValue]
            if !isCopy { mine[source]?[pair.source.rawValue] = nil }
            if let token { mine[target, default: [:]][pair.target.rawValue] = token }
        }
    }

    private func expunge(_ account: any MailAccount) async {
        guard let (mailbox, uids) = chooseSome(), let box = try? await account.status(of: mailbox) else { return }
        let outcome = await drill.ask("X \(id) \(mailbox) \(list(uids))") {
            try await account.expunge(set(uids), in: box.id, onlyDeleted: false)
        } answer: {
            "\($0.vanished)"
        }
        if outcome != nil { for uid in uids { mine[mailbox]?[uid] = nil } }
    }

    // MARK: Choosing

    private func chooseSome() -> (MailboxName, [UInt32])? {
        let boxes = Drill.mailboxes.filter { !(mine[$0] ?? [:]).isEmpty }
        guard !boxes.isEmpty else { return nil }
        let mailbox = pick(boxes)
        let all = (mine[mailbox] ?? [:]).keys.sorted()
        let count = 1 + Int(generator.next() % UInt64(min(6, all.count)))
        return (mailbox, all.shuffled(using: &generator).prefix(count).sorted())
    }

    private func pick<Value>(_ values: [Value]) -> Value { values[Int(generator.next() % UInt64(values.count))] }

    private func someFlags() -> FlagSet {
        let keywords = Self.keywords.filter { _ in generator.next() % 4 == 0 }
        return FlagSet(system: SystemFlags(rawValue: UInt8(generator.next() & 31)), keywords: Set(keywords))
    }

    private func text(_ flags: FlagSet) -> String {
        (["\(flags.system.rawValue)"] + flags.keywords.map(\.text).sorted()).joined(separator: ",")
    }

    private func list(_ uids: [UInt32]) -> String { uids.map(String.init).joined(separator: ",") }
    private func set(_ uids: [UInt32]) -> UIDSet { UIDSet(ascending: uids.map { UID($0) }) }
}
