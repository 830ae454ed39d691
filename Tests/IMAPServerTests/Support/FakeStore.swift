// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailStore
import MailTypes
import MessageFormat

/// Accounts in memory, as the contract of `MailStore` has them, whose messages can be damaged.
final class FakeStore: MailStore {
    let account = FakeAccount()
    /// Of other users.
    private let others = Lock<[AccountID: FakeAccount]>([:])
    /// How often opening the account is refused.
    let refusals = Lock(0)

    func account(_ id: AccountID, deadline: ContinuousClock.Instant) async throws(MailStoreError) -> any MailAccount {
        let isBusy = refusals.withLock { left in
            defer { left = max(0, left - 1) }
            return left > 0
        }
        if isBusy { throw MailStoreError(.busy, "the account is in use elsewhere") }
        return account(of: id)
    }

    /// Made when it is asked for first.
    func account(of id: AccountID) -> FakeAccount {
        guard id != account.id else { return account }
        return others.withLock { others in
            let found = others[id] ?? FakeAccount(id)
            others[id] = found
            return found
        }
    }

    func stage() -> any MessageStaging { FakeStaging() }
    func remove(_ id: AccountID) async throws(MailStoreError) {}
}

final class FakeStaging: MessageStaging {
    private var bytes: [UInt8] = []
    var count: UInt64 { UInt64(bytes.count) }
    func add(_ bytes: [UInt8]) throws(MailStoreError) { self.bytes += bytes }
    func finish() async throws(MailStoreError) -> any StagedMessage { FakeMessage(bytes) }
}

final class FakeMessage: StagedMessage {
    let bytes: [UInt8]
    let sha256: [UInt8] = []
    var size: UInt64 { UInt64(bytes.count) }
    init(_ bytes: [UInt8]) { self.bytes = bytes }
}

final class FakeAccount: MailAccount {
    enum Damage {
        /// Octets are lost and filled with `#`.
        case filled(Range<UInt64>)
        /// Reading throws.
        case refused
    }

    struct Box {
        var id: MailboxID
        var uidValidity: UIDValidity
        var uidNext: UInt32 = 1
        var keywords: [Keyword] = []
        var messages: [MessageEntry] = []
        var vanished: [(uid: UID, modSeq: ModSeq)] = []
        var specialUse: Set<SpecialUse> = []

        mutating func bits(of keywords: Set<Keyword>) -> UInt128 {
            var bits: UInt128 = 0
            for keyword in keywords.sorted(by: { $0.text < $1.text }) {
                if !self.keywords.contains(keyword) { self.keywords.append(keyword) }
                if let bit = self.keywords.firstIndex(of: keyword) { bits |= 1 << UInt128(bit) }
            }
            return bits
        }
    }

    struct State {
        var boxes: [MailboxName: Box] = [:]
        var bodies: [UInt64: [UInt8]] = [:]
        var damage: [UInt64: Damage] = [:]
        var subscribed: Set<MailboxName> = []
        var modSeq: UInt64 = 1
        var lastID: UInt32 = 0
        var keepsStructures = true
        var quota = QuotaLimits.none
        /// The account's are under the empty name.
        var annotations: [String: Annotations] = [:]
        var accessLists: [MailboxID: AccessList] = [:]
        var largestRead = 0
        var octetsRead: UInt64 = 0
        var structuresRead = 0
        var watchers: [Int: (mailbox: MailboxID?, notify: @Sendable () -> Void)] = [:]
        var lastWatcher = 0
        /// How long a read or a copy takes.
        var pause = Duration.zero

        mutating func next() -> ModSeq {
            modSeq += 1
            return ModSeq(modSeq)
        }

        mutating func make(_ name: MailboxName, _ uses: Set<SpecialUse> = []) -> MailboxID {
            lastID += 1
            boxes[name] = Box(id: MailboxID(lastID), uidValidity: UIDValidity(1000 + lastID), specialUse: uses)
            return MailboxID(lastID)
        }

        func name(of id: MailboxID) -> MailboxName? { boxes.first { $0.value.id == id }?.key }
    }

    let id: AccountID
    let state = Lock(State())

    init(_ id: AccountID = AccountID(7)) {
        self.id = id
        state.withLock { state in
            _ = state.make(.inbox)
            for (name, use) in [("Sent", SpecialUse.sent), ("Trash", .trash)] {
                if let name = MailboxName(name) { _ = state.make(name, [use]) }
            }
        }
    }

    /// Puts a message into a mailbox without a session, as a delivery does.
    @discardableResult
    func deliver(_ text: String, to mailbox: String = "INBOX", flags: FlagSet = .none) -> UID {
        store(Array(text.utf8), MailboxName(mailbox) ?? .inbox, flags, MailDate(secondsSince1970: 1_000_000_000))
            ?? UID(1)
    }

    /// Damages the octets of a message of INBOX.
    func damage(_ uid: UID, _ damage: Damage) {
        state.withLock { state in
            guard let entry = state.boxes[.inbox]?.messages.first(where: { $0.uid == uid }) else { return }
            state.damage[entry.body.offset] = damage
        }
    }

    private func store(_ bytes: [UInt8], _ name: MailboxName, _ flags: FlagSet, _ date: MailDate) -> UID? {
        let uid = state.withLock { state -> UID? in
            guard var box = state.boxes[name] else { return nil }
            let uid = UID(box.uidNext)
            box.uidNext += 1
            let key = UInt64(state.bodies.count + 1)
            state.bodies[key] = bytes
            box.messages.append(
                MessageEntry(
                    uid: uid,
                    systemFlags: flags.system,
                    keywordBits: box.bits(of: flags.keywords),
                    internalDate: date,
                    savedSeconds: 1_000_000_000,
                    size: UInt64(bytes.count),
                    modSeq: state.next(),
                    body: BodyReference(segment: 0, offset: key),
                    email: EmailID(box.id, uid),
                    thread: ThreadID(key % 2 + 1)
                )
            )
            state.boxes[name] = box
            return uid
        }
        notify()
        return uid
    }

    func notify() {
        for notify in state.withLock({ $0.watchers.values.map(\.notify) }) { notify() }
    }

    static func missing(_ name: MailboxName) -> MailStoreError {
        MailStoreError(.noSuchMailbox, "no mailbox \(name)")
    }

    private static func status(_ box: Box, _ modSeq: UInt64) -> MailboxStatus {
        MailboxStatus(
            id: box.id,
            messages: box.messages.count,
            unseen: box.messages.count { !$0.systemFlags.contains(.seen) },
            deleted: box.messages.count { $0.systemFlags.contains(.deleted) },
            size: box.messages.reduce(0) { $0 + $1.size },
            deletedSize: box.messages.filter { $0.systemFlags.contains(.deleted) }.reduce(0) { $0 + $1.size },
            uidNext: UID(box.uidNext),
            uidValidity: box.uidValidity,
            highestModSeq: ModSeq(modSeq)
        )
    }

    func mailboxes() async throws(MailStoreError) -> [MailboxDescription] {
        state.withLock { state in
            Set(state.boxes.keys).union(state.subscribed).sorted().map { name in
                MailboxDescription(
                    name: name,
                    id: state.boxes[name]?.id,
                    isSubscribed: state.subscribed.contains(name),
                    specialUse: state.boxes[name]?.specialUse ?? [],
                    hasChildren: state.boxes.keys.contains { $0.isBelow(name) }
                )
            }
        }
    }

    func status(of name: MailboxName) async throws(MailStoreError) -> MailboxStatus {
        let found = state.withLock { state in state.boxes[name].map { Self.status($0, state.modSeq) } }
        guard let found else { throw Self.missing(name) }
        return found
    }

    func snapshot(of name: MailboxName) async throws(MailStoreError) -> MailboxSnapshot {
        let found = state.withLock { state in
            state.boxes[name].map { box in
                MailboxSnapshot(
                    name: name,
                    status: Self.status(box, state.modSeq),
                    keywords: box.keywords,
                    messages: MessageTable(box.messages)
                )
            }
        }
        guard let found else { throw Self.missing(name) }
        return found
    }

    func changes(in mailbox: MailboxID, since: ModSeq) async throws(MailStoreError) -> MailboxChanges {
        let found = state.withLock { state -> MailboxChanges? in
            guard let name = state.name(of: mailbox), let box = state.boxes[name] else { return nil }
            return MailboxChanges(
                status: Self.status(box, state.modSeq),
                keywords: box.keywords,
                changed: box.messages.filter { $0.modSeq > since },
                vanished: UIDSet(ascending: box.vanished.filter { $0.modSeq > since }.map(\.uid).sorted())
            )
        }
        guard let found else { throw MailStoreError(.noSuchMailbox, "the mailbox is gone") }
        return found
    }

    func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome {
        guard let bytes = (message as? FakeMessage)?.bytes, let uid = store(bytes, name, flags, internalDate) else {
            throw Self.missing(name)
        }
        let status = try await status(of: name)
        return AppendOutcome(mailbox: status.id, uidValidity: status.uidValidity, uid: uid, wasDuplicate: false)
    }

    func changeFlags(
        _ change: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome {
        let outcome = state.withLock { state -> FlagOutcome? in
            guard let name = state.name(of: mailbox), var box = state.boxes[name] else { return nil }
            let modSeq = state.next()
            let table = box.keywords
            let bits = box.bits(of: change.flags.keywords)
            var changed: [MessageEntry] = []
            var modified = UIDSet()
            for index in box.messages.indices where uids.contains(box.messages[index].uid) {
                var entry = box.messages[index]
                if let since = unchangedSince, change.isRefused(by: entry, since: since, keywords: table) {
                    modified.insert(entry.uid)
                    continue
                }
                switch change.mode {
                case .replace:
                    entry.systemFlags = change.flags.system.union(entry.systemFlags.intersection(change.kept.system))
                    entry.keywordBits = bits | (change.kept.keywords ? entry.keywordBits : 0)
                case .add:
                    entry.systemFlags.formUnion(change.flags.system)
                    entry.keywordBits |= bits
                case .remove:
                    entry.systemFlags.subtract(change.flags.system)
                    entry.keywordBits &= ~bits
                }
                entry.modSeq = modSeq
                box.messages[index] = entry
                changed.append(entry)
            }
            state.boxes[name] = box
            return FlagOutcome(messages: changed, keywords: box.keywords, modified: modified)
        }
        guard let outcome else { throw MailStoreError(.noSuchMailbox, "the mailbox is gone") }
        notify()
        return outcome
    }

    func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome {
        try? await Task.sleep(for: state.withLock { $0.pause })
        let outcome = state.withLock { state -> TransferOutcome? in
            guard let name = state.name(of: source), let box = state.boxes[name], var there = state.boxes[target] else {
                return nil
            }
            var pairs: [(source: UID, target: UID)] = []
            for entry in box.messages where uids.contains(entry.uid) {
                var copy = entry
                copy.uid = UID(there.uidNext)
                copy.modSeq = state.next()
                copy.keywordBits = there.bits(of: entry.flags(keywords: box.keywords).keywords)
                there.uidNext += 1
                there.messages.append(copy)
                pairs.append((entry.uid, copy.uid))
            }
            state.boxes[target] = there
            if removingSource { Self.remove(uids, name, &state) }
            return TransferOutcome(targetUIDValidity: there.uidValidity, pairs: pairs)
        }
        guard let outcome else { throw Self.missing(target) }
        notify()
        return outcome
    }

    private static func remove(_ uids: UIDSet, _ name: MailboxName, _ state: inout State) {
        let modSeq = state.next()
        for entry in state.boxes[name]?.messages ?? [] where uids.contains(entry.uid) {
            state.boxes[name]?.vanished.append((entry.uid, modSeq))
        }
        state.boxes[name]?.messages.removeAll { uids.contains($0.uid) }
    }

    func expunge(
        _ uids: UIDSet?,
        in mailbox: MailboxID,
        onlyDeleted: Bool
    ) async throws(MailStoreError) -> ExpungeOutcome {
        let outcome = state.withLock { state -> ExpungeOutcome? in
            guard let name = state.name(of: mailbox), let box = state.boxes[name] else { return nil }
            let chosen = box.messages.filter { entry in
                (uids?.contains(entry.uid) ?? true) && (!onlyDeleted || entry.systemFlags.contains(.deleted))
            }
            let set = UIDSet(ascending: chosen.map(\.uid))
            Self.remove(set, name, &state)
            return ExpungeOutcome(vanished: set, modSeq: ModSeq(state.modSeq))
        }
        guard let outcome else { throw MailStoreError(.noSuchMailbox, "the mailbox is gone") }
        notify()
        return outcome
    }

    func overview() async throws(MailStoreError) -> AccountOverview {
        state.withLock { state in
            let mailboxes = state.boxes.map { name, box in
                let last = box.messages.map(\.modSeq) + box.vanished.map(\.modSeq)
                return AccountOverview.Mailbox(
                    name: name,
                    status: Self.status(box, last.max()?.rawValue ?? 1),
                    specialUse: box.specialUse,
                    annotations: state.annotations[name.text] ?? [:]
                )
            }
            return AccountOverview(
                mailboxes: Dictionary(mailboxes.map { ($0.status.id, $0) }, uniquingKeysWith: { first, _ in first }),
                subscriptions: state.subscribed,
                annotations: state.annotations[""] ?? [:]
            )
        }
    }

    func read(_ message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        try? await Task.sleep(for: state.withLock { $0.pause })
        let (bytes, damage) = state.withLock { state in
            state.largestRead = max(state.largestRead, range.count)
            state.octetsRead += UInt64(range.count)
            return (state.bodies[message.body.offset] ?? [], state.damage[message.body.offset])
        }
        let range = range.clamped(to: 0..<UInt64(bytes.count))
        var octets = MessageOctets(bytes: Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        switch damage {
        case nil: break
        case .refused: throw MailStoreError(.damaged, "octets are lost", detail: "checksum at 0")
        case .filled(let lost):
            let lost = lost.clamped(to: range)
            guard !lost.isEmpty else { break }
            for offset in lost { octets.bytes[Int(offset - range.lowerBound)] = 0x23 }
            octets.damaged = [lost]
        }
        return octets
    }

    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? {
        state.withLock { state in
            state.structuresRead += 1
            guard state.keepsStructures, state.damage[message.body.offset] == nil else { return nil }
            return state.bodies[message.body.offset].map { MessageSummary(parsing: $0).encode() }
        }
    }

    func watch(_ mailbox: MailboxID?, notify: @escaping @Sendable () -> Void) -> MailboxWatch {
        let key = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = (mailbox, notify)
            return state.lastWatcher
        }
        return MailboxWatch { [state] in state.withLock { $0.watchers[key] = nil } }
    }
}
