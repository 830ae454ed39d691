// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

/// A mailbox as simple as can be, to compare the fold with.
private struct NaiveMailbox {
    var messages: [UInt32: (flags: SystemFlags, keywords: Set<Keyword>, modSeq: UInt64)] = [:]
    var vanished: [(uid: UInt32, modSeq: UInt64)] = []
    var next: UInt32 = 1
    /// UIDs by the mod-sequence at which each came.
    var arrivals: [(uid: UInt32, modSeq: UInt64)] = []

    /// What a session saw that was told of arrivals up to one mod-sequence and of expunges up to another.
    func view(_ told: UInt64, _ expunged: UInt64) -> [UInt32] {
        let gone = Set(vanished.filter { $0.modSeq <= expunged }.map(\.uid))
        return arrivals.filter { $0.modSeq <= told && !gone.contains($0.uid) }.map(\.uid).sorted()
    }
}

@Suite("The state of an account")
struct AccountStateTests {
    private static let place = LogPlace(
        position: LogPosition(segment: 1, offset: 0),
        body: BodyReference(segment: 1, offset: 0)
    )
    private static let keywords = (0..<6).compactMap { Keyword("k\($0)") }

    /// A source of chance that can be run again.
    private struct Dice: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return state
        }
    }

    private func created(_ id: UInt32, _ name: String, modSeq: UInt64) throws -> LogRecord {
        .mailboxCreated(
            MailboxCreatedRecord(
                mailbox: MailboxID(id),
                name: try #require(MailboxName(name)),
                uidValidity: UIDValidity(id),
                modSeq: ModSeq(modSeq),
                specialUse: [],
                isSubscribed: false
            )
        )
    }

    private func message(_ mailbox: UInt32, _ uid: UInt32, _ modSeq: UInt64, _ flags: FlagSet) -> LogRecord {
        .message(
            MessageRecord(
                delivery: nil,
                mailbox: MailboxID(mailbox),
                uid: UID(uid),
                modSeq: ModSeq(modSeq),
                flags: flags,
                internalDate: MailDate(secondsSince1970: 0),
                savedSeconds: 0,
                size: UInt64(uid),
                sha256: [],
                structure: []
            )
        )
    }

    @Test(
        "The fold agrees with a naive model after every step, and views of any moment can be rebuilt",
        arguments: 1...40
    )
    func propertyAgainstModel(seed: Int) throws {
        var dice = Dice(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1)
        var state = AccountState()
        var models = [1: NaiveMailbox(), 2: NaiveMailbox()]
        var modSeq: UInt64 = 2
        state.apply(try created(1, "INBOX", modSeq: 1), at: Self.place)
        state.apply(try created(2, "Other", modSeq: 2), at: Self.place)
        var views: [(modSeq: UInt64, uids: Set<UInt32>)] = []
        for _ in 0..<150 {
            modSeq += 1
            let box = Int.random(in: 1...2, using: &dice)
            let record = step(box, modSeq, &models, &dice)
            state.apply(record, at: Self.place)
            try compare(state, models)
            views.append((modSeq, Set((models[1] ?? NaiveMailbox()).messages.keys)))
        }
        let mailbox = try #require(state.mailboxes[MailboxID(1)])
        let now = Set((models[1] ?? NaiveMailbox()).messages.keys)
        for view in views {
            let changes = mailbox.changes(since: ModSeq(view.modSeq))
            let vanished = Set(changes.vanished.uids.map(\.rawValue))
            #expect(view.uids.subtracting(vanished).union(changes.changed.map(\.uid.rawValue)) == now)
            #expect(changes.changed.allSatisfy { $0.modSeq.rawValue > view.modSeq })
        }
        let reopened = try #require(AccountState(decoding: state.encode()))
        #expect(reopened == state)
        let model = try #require(models[1])
        for told in 1...modSeq where told <= mailbox.highestModSeq.rawValue {
            let expunged = UInt64.random(in: 0...told, using: &dice)
            let moment = MailboxMoment(
                uidValidity: UIDValidity(1),
                modSeq: ModSeq(told),
                expungeModSeq: ModSeq(expunged)
            )
            let expected = UIDSet(ascending: model.view(told, expunged).map { UID($0) })
            try #require(mailbox.view(at: moment) == .exact(expected))
            try #require(reopened.mailboxes[MailboxID(1)]?.view(at: moment) == .exact(expected))
        }
        for (validity, told) in [(1, modSeq + 1), (9, 0)] as [(UInt32, UInt64)] {
            let strange = MailboxMoment(
                uidValidity: UIDValidity(validity),
                modSeq: ModSeq(told),
                expungeModSeq: .zero
            )
            #expect(mailbox.view(at: strange) == .unknown)
        }
    }

    private func step(
        _ box: Int,
        _ modSeq: UInt64,
        _ models: inout [Int: NaiveMailbox],
        _ dice: inout Dice
    ) -> LogRecord {
        var model = models[box] ?? NaiveMailbox()
        defer { models[box] = model }
        let chosen = model.messages.keys.sorted().filter { _ in Bool.random(using: &dice) }
        let uids = UIDSet(ascending: chosen.map { UID($0) })
        let flags = FlagSet(
            system: SystemFlags(rawValue: UInt8.random(in: 0..<32, using: &dice)),
            keywords: Set(Self.keywords.filter { _ in Bool.random(using: &dice) })
        )
        switch Int.random(in: 0..<10, using: &dice) {
        case 0..<5:
            let uid = model.next
            model.next += 1
            model.messages[uid] = (flags.system, flags.keywords, modSeq)
            model.arrivals.append((uid, modSeq))
            return message(UInt32(box), uid, modSeq, flags)
        case 5..<8:
            let mode = [FlagChange.Mode.add, .remove, .replace].randomElement(using: &dice) ?? .add
            let kept = KeptFlags(
                system: SystemFlags(rawValue: UInt8.random(in: 0..<32, using: &dice)),
                keywords: Bool.random(using: &dice)
            )
            let change = FlagChange(mode, flags, keeping: Bool.random(using: &dice) ? kept : .none)
            for uid in chosen { model.change(uid, change, modSeq) }
            return .flags(
                FlagsRecord(mailbox: MailboxID(UInt32(box)), modSeq: ModSeq(modSeq), uids: uids, change: change)
            )
        default:
            for uid in chosen {
                model.messages[uid] = nil
                model.vanished.append((uid, modSeq))
            }
            return .expunge(ExpungeRecord(mailbox: MailboxID(UInt32(box)), modSeq: ModSeq(modSeq), uids: uids))
        }
    }

    private func compare(_ state: AccountState, _ models: [Int: NaiveMailbox]) throws {
        for (box, model) in models {
            let mailbox = try #require(state.mailboxes[MailboxID(UInt32(box))])
            try #require(mailbox.messages.map(\.uid.rawValue) == model.messages.keys.sorted())
            for entry in mailbox.messages {
                let expected = try #require(model.messages[entry.uid.rawValue])
                let flags = FlagSet(system: expected.flags, keywords: expected.keywords)
                try #require(entry.flags(keywords: mailbox.keywords) == flags)
                try #require(entry.modSeq.rawValue == expected.modSeq)
            }
            let status = mailbox.status
            try #require(status.uidNext.rawValue == model.next)
            try #require(status.unseen == model.messages.values.count { !$0.flags.contains(.seen) })
            try #require(status.deleted == model.messages.values.count { $0.flags.contains(.deleted) })
            try #require(status.size == model.messages.keys.reduce(0) { $0 + UInt64($1) })
            let deleted = model.messages.filter { $0.value.flags.contains(.deleted) }.keys
            try #require(status.deletedSize == deleted.reduce(0) { $0 + UInt64($1) })
        }
        let all = models.values.flatMap(\.messages.keys)
        let octets = all.reduce(0) { $0 + UInt64($1) }
        try #require(state.usage == QuotaUsage(octets: octets, messages: UInt64(all.count)))
    }

    private static func emptyMailbox() -> MailboxState {
        MailboxState(
            id: MailboxID(1),
            name: .inbox,
            uidValidity: UIDValidity(5),
            specialUse: [],
            modSeq: ModSeq(1)
        )
    }

    private static func moment(_ told: UInt64, _ expunged: UInt64) -> MailboxMoment {
        MailboxMoment(uidValidity: UIDValidity(5), modSeq: ModSeq(told), expungeModSeq: ModSeq(expunged))
    }

    private static func entry(_ uid: UInt32, _ modSeq: UInt64, _ seconds: Int64) -> MessageEntry {
        MessageEntry(
            uid: UID(uid),
            systemFlags: [],
            keywordBits: 0,
            internalDate: MailDate(secondsSince1970: seconds),
            savedSeconds: seconds,
            size: 1,
            modSeq: ModSeq(modSeq),
            body: BodyReference(segment: 1, offset: UInt64(uid))
        )
    }

    @Test("Views are exact for a week whatever comes after, and what is forgotten is said to be")
    func viewsOfAWeek() throws {
        var mailbox = Self.emptyMailbox()
        var (model, modSeq, now) = (NaiveMailbox(), 1 as UInt64, 1_800_000_000 as Int64)
        var moments: [(seconds: Int64, modSeq: UInt64)] = []
        // Six weeks, a message every 10 minutes, each expunged an hour later.
        for step in 1...6048 {
            now += 600
            modSeq += 1
            let uid = UInt32(step)
            mailbox.insert(Self.entry(uid, modSeq, now))
            model.arrivals.append((uid, modSeq))
            if step > 6 {
                modSeq += 1
                mailbox.expunge(UIDSet([(uid - 6)...(uid - 6)]), at: ModSeq(modSeq), seconds: now)
                model.vanished.append((uid - 6, modSeq))
            }
            moments.append((now, modSeq))
        }
        var unknown = 0
        for (index, moment) in moments.enumerated() where index.isMultiple(of: 37) || index > 6000 {
            let view = mailbox.view(at: Self.moment(moment.modSeq, moment.modSeq - 1))
            if view == .unknown {
                unknown += 1
                #expect(moment.seconds < now - ArrivalLog.memorySeconds)
            } else {
                let expected = model.view(moment.modSeq, moment.modSeq - 1).map { UID($0) }
                #expect(view == .exact(UIDSet(ascending: expected)))
            }
        }
        #expect(unknown > 0)
    }

    @Test("More changes in a week than are remembered cost old views, never wrong ones")
    func viewsBeyondTheBound() throws {
        var mailbox = Self.emptyMailbox()
        let count = UInt32(ArrivalLog.maximumEntries + 100)
        for uid in 1...count { mailbox.insert(Self.entry(uid, UInt64(uid) + 1, 1_800_000_000)) }
        for uid in [1, 2, 5000, count] as [UInt32] {
            let isKept = Int(uid) >= ArrivalLog.maximumEntries / 4
            let view = mailbox.view(at: Self.moment(UInt64(uid) + 1, UInt64(uid) + 1))
            #expect(view == (isKept ? .exact(UIDSet([1...uid])) : .unknown))
        }
        let told = UInt64(count) + 1
        for number in 1...count {
            let uid = count - number + 1
            mailbox.expunge(UIDSet([uid...uid]), at: ModSeq(told + UInt64(number)), seconds: 1_800_000_000)
        }
        #expect(mailbox.view(at: Self.moment(told, told)) == .unknown)
        #expect(mailbox.view(at: Self.moment(told, told + UInt64(count) - 5)) == .exact(UIDSet([1...5])))
    }

    @Test("Messages of a mailbox whose own record is lost are kept in one of that id")
    func lostMailbox() throws {
        var state = AccountState()
        state.apply(message(1, 1, 5, .none), at: Self.place)
        state.apply(message(7, 3, 6, .none), at: Self.place)
        #expect(state[.inbox]?.messages.count == 1)
        #expect(state[try #require(MailboxName("Recovered 7"))]?.messages.count == 1)
        #expect(state.nextMailboxID == 8)
        state.apply(.mailboxDeleted(MailboxID(7), ModSeq(7)), at: Self.place)
        state.apply(message(7, 4, 8, .none), at: Self.place)
        #expect(state.mailboxes[MailboxID(7)] == nil)
    }

    @Test("Also where somebody else has the name that such a mailbox gets: no two have one, and the state reads back")
    func takenName() throws {
        var state = AccountState()
        for (id, name) in [(1, "INBOX"), (2, "Recovered 7"), (3, "Recovered 7-2")] as [(UInt32, String)] {
            state.apply(try created(id, name, modSeq: UInt64(id)), at: Self.place)
        }
        state.apply(message(7, 1, 6, .none), at: Self.place)
        #expect(state[try #require(MailboxName("Recovered 7-3"))]?.id == MailboxID(7))
        let renames = [MailboxRename(mailbox: MailboxID(7), name: try #require(MailboxName("Recovered 7-2")))]
        state.apply(.mailboxesRenamed(renames, ModSeq(7)), at: Self.place)
        #expect(state.names.count == 4 && state.mailboxes.count == 4)
        #expect(AccountState(decoding: state.encode()) == state)
    }

    @Test("A snapshot that has a mailbox twice is none")
    func mailboxTwice() throws {
        var state = AccountState()
        state.apply(try created(1, "INBOX", modSeq: 1), at: Self.place)
        let one = state.encode()
        state.apply(try created(2, "INBOY", modSeq: 1), at: Self.place)
        var two = state.encode()
        let name = try #require(two.indices.last { two[$0...].starts(with: "INBOY".utf8) })
        two[name + 4] = UInt8(ascii: "X")
        #expect(AccountState(decoding: two) == nil, "the same name")
        #expect(AccountState(decoding: one) != nil)
    }

    @Test(
        "A mailbox whose own record is lost gets a UIDVALIDITY that it has not had",
        arguments: [
            (100, 101), (0, 8), (-5, 8), (6, 8), (Int64(UInt32.max) - 1, UInt32.max), (Int64(UInt32.max), 8), (.max, 8),
        ] as [(Int64, UInt32)]
    )
    func lostUIDValidity(saved: Int64, expected: UInt32) throws {
        var state = AccountState()
        state.apply(try created(7, "Seven", modSeq: 1), at: Self.place)
        guard case .message(var lone) = message(9, 1, 5, .none) else { return }
        lone.savedSeconds = saved
        let transfer = TransferRecord(
            source: MailboxID(7),
            target: MailboxID(9),
            modSeq: ModSeq(5),
            isMove: false,
            sourceUIDs: [UID(1), UID(2)],
            entries: [Self.entry(1, 5, saved), Self.entry(2, 5, min(saved, 3))],
            keywords: []
        )
        for record in [.message(lone), .transfer(transfer)] as [LogRecord] {
            var restored = state
            restored.apply(record, at: Self.place)
            #expect(restored.mailboxes[MailboxID(9)]?.uidValidity == UIDValidity(expected))
            #expect(restored.lastUIDValidity == expected)
        }
    }

    @Test("Vanished UIDs are bounded, and none is ever hidden")
    func vanishedBound() throws {
        var state = AccountState()
        state.apply(try created(1, "INBOX", modSeq: 1), at: Self.place)
        let count: UInt32 = 5000
        for uid in 1...count { state.apply(message(1, uid, UInt64(uid) + 1, .none), at: Self.place) }
        for uid in 1...count {
            let modSeq = ModSeq(UInt64(count + uid) + 1)
            let gone = ExpungeRecord(mailbox: MailboxID(1), modSeq: modSeq, uids: UIDSet([uid...uid]))
            state.apply(.expunge(gone), at: Self.place)
        }
        let mailbox = try #require(state.mailboxes[MailboxID(1)])
        #expect(mailbox.vanished.entries.count <= VanishedLog.maximumEntries)
        for since in [0, 1000, 6000, 9990] as [UInt64] {
            let told = mailbox.changes(since: ModSeq(since)).vanished
            let first = UInt32(clamping: max(1, Int(since) - Int(count)))
            #expect((first...count).allSatisfy { told.contains(UID($0)) })
        }
        #expect(mailbox.changes(since: ModSeq(10_001)).vanished.isEmpty)
    }

    @Test("The last deliveries are remembered, and no more than that")
    func deliveries() {
        var state = AccountState()
        for index in 1...1500 {
            var record = MessageRecord(
                delivery: DeliveryID(high: 0, low: UInt64(index)),
                mailbox: MailboxID(1),
                uid: UID(UInt32(index)),
                modSeq: ModSeq(UInt64(index)),
                flags: .none,
                internalDate: MailDate(secondsSince1970: 0),
                savedSeconds: 0,
                size: 1,
                sha256: [],
                structure: []
            )
            state.apply(.message(record), at: Self.place)
            record.uid = UID(UInt32(index + 10_000))
            state.apply(.message(record), at: Self.place)
        }
        #expect(state[.inbox]?.messages.count == 1500)
        #expect(state.deliveries.all.count == RecentDeliveries.maximum)
        #expect(state.deliveries[DeliveryID(high: 0, low: 1500)]?.uid == UID(1500))
        #expect(state.deliveries[DeliveryID(high: 0, low: 1)] == nil)
        state.apply(.deliveriesForgotten([DeliveryID(high: 0, low: 1500)]), at: Self.place)
        #expect(state.deliveries[DeliveryID(high: 0, low: 1500)] == nil)
        #expect(AccountState(decoding: state.encode()) == state)
    }

    @Test("A damaged snapshot is refused or reads as a state; it never traps")
    func hostileSnapshot() throws {
        var state = AccountState()
        state.apply(try created(1, "INBOX", modSeq: 1), at: Self.place)
        state.apply(try created(2, "Other", modSeq: 2), at: Self.place)
        for uid in 1...5 as ClosedRange<UInt32> {
            let flags = FlagSet(system: .seen, keywords: [Self.keywords[Int(uid)]])
            state.apply(message(1, uid, 10, flags), at: Self.place)
        }
        let gone = ExpungeRecord(mailbox: MailboxID(1), modSeq: ModSeq(20), uids: UIDSet([2...2]))
        state.apply(.expunge(gone), at: Self.place)
        let bytes = state.encode()
        for length in bytes.indices { #expect(AccountState(decoding: Array(bytes[..<length])) == nil) }
        for offset in bytes.indices {
            for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
                var changed = bytes
                changed[offset] = value
                guard var found = AccountState(decoding: changed) else { continue }
                found.apply(message(1, 99, 99, .none), at: Self.place)
                _ = found.descriptions
            }
        }
    }

    @Test("Children are seen past names that sort in between")
    func children() throws {
        var state = AccountState()
        for (index, name) in ["a", "a-b", "a/c", "ab", "b"].enumerated() {
            state.apply(try created(UInt32(index + 1), name, modSeq: 1), at: Self.place)
        }
        #expect(state.descriptions.filter(\.hasChildren).map(\.name.text) == ["a"])
    }
}

extension NaiveMailbox {
    mutating func change(_ uid: UInt32, _ change: FlagChange, _ modSeq: UInt64) {
        guard var message = messages[uid] else { return }
        let flags = change.flags
        switch change.mode {
        case .replace:
            message.flags = SystemFlags(
                rawValue: flags.system.rawValue | message.flags.rawValue & change.kept.system.rawValue
            )
            message.keywords = change.kept.keywords ? message.keywords.union(flags.keywords) : flags.keywords
        case .add:
            message.flags.formUnion(flags.system)
            message.keywords.formUnion(flags.keywords)
        case .remove:
            message.flags.subtract(flags.system)
            message.keywords.subtract(flags.keywords)
        }
        message.modSeq = modSeq
        messages[uid] = message
    }
}
