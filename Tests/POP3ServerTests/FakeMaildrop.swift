// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Locking
import MailStore
import MailTypes
import POP3Server
import SASL

/// An account with an INBOX in memory, whose messages can be damaged or made to fail.
final class FakeMaildrop: MailAccount {
    /// Reading a message from this offset on throws.
    struct Failure {
        var offset: UInt64
        var error: MailStoreError

        init(from offset: UInt64, _ error: MailStoreError) {
            self.offset = offset
            self.error = error
        }
    }

    struct Faults {
        /// Messages whose octets from this offset on are lost.
        var damaged: [UID: UInt64] = [:]
        var failing: [UID: Failure] = [:]
        var snapshot: MailStoreError?
        var expunge: MailStoreError?
    }

    let id = AccountID(7)
    let uidValidity = UIDValidity(1_700_000_000)
    private let state: Lock<(messages: [UID: [UInt8]], faults: Faults)>

    init(_ messages: [String], faults: Faults = Faults()) {
        let pairs = messages.enumerated().map { (UID(UInt32(10 + $0.offset)), Array($0.element.utf8)) }
        state = Lock((Dictionary(uniqueKeysWithValues: pairs), faults))
    }

    var uids: [UID] { state.withLock { $0.messages.keys.sorted() } }

    func deliver(_ text: String) {
        state.withLock { $0.messages[UID(($0.messages.keys.max()?.rawValue ?? 9) + 1)] = Array(text.utf8) }
    }

    func snapshot(of name: MailboxName) async throws(MailStoreError) -> MailboxSnapshot {
        let (messages, fault) = state.withLock { ($0.messages, $0.faults.snapshot) }
        if let fault { throw fault }
        let entries = messages.keys.sorted().map { uid in
            MessageEntry(
                uid: uid,
                systemFlags: [],
                keywordBits: 0,
                internalDate: MailDate(secondsSince1970: 0, zoneMinutes: 0),
                savedSeconds: 0,
                size: UInt64(messages[uid]?.count ?? 0),
                modSeq: ModSeq(1),
                body: BodyReference(segment: 0, offset: UInt64(uid.rawValue))
            )
        }
        return MailboxSnapshot(name: name, status: status(entries), keywords: [], messages: MessageTable(entries))
    }

    private func status(_ entries: [MessageEntry]) -> MailboxStatus {
        MailboxStatus(
            id: MailboxID(1),
            messages: entries.count,
            unseen: entries.count,
            deleted: 0,
            size: entries.reduce(0) { $0 + $1.size },
            uidNext: UID((entries.last?.uid.rawValue ?? 0) + 1),
            uidValidity: uidValidity,
            highestModSeq: ModSeq(1)
        )
    }

    func read(_ message: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        let (bytes, faults) = state.withLock { ($0.messages[message.uid] ?? [], $0.faults) }
        if let fault = faults.failing[message.uid], range.upperBound > fault.offset { throw fault.error }
        var octets = MessageOctets(bytes: Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)]))
        if let from = faults.damaged[message.uid], range.upperBound > from {
            let start = max(from, range.lowerBound)
            octets.damaged = [start..<range.upperBound]
            for index in Int(start - range.lowerBound)..<octets.bytes.count { octets.bytes[index] = 0x23 }
        }
        return octets
    }

    func expunge(
        _ uids: UIDSet?,
        in mailbox: MailboxID,
        onlyDeleted: Bool
    ) async throws(MailStoreError) -> ExpungeOutcome {
        let (gone, fault) = state.withLock { state in
            if let fault = state.faults.expunge { return (UIDSet(), MailStoreError?.some(fault)) }
            let gone = UIDSet(
                ascending: state.messages.keys.sorted().filter { uids?.contains($0) == true && !onlyDeleted }
            )
            for uid in gone.uids { state.messages[uid] = nil }
            return (gone, nil)
        }
        if let fault { throw fault }
        return ExpungeOutcome(vanished: gone, modSeq: ModSeq(2))
    }

    // What POP3 never asks for.

    private static let unused = MailStoreError(.forbidden, "not in this test")

    func mailboxes() async throws(MailStoreError) -> [MailboxDescription] { throw Self.unused }
    func status(of name: MailboxName) async throws(MailStoreError) -> MailboxStatus { throw Self.unused }
    func changes(in mailbox: MailboxID, since: ModSeq) async throws(MailStoreError) -> MailboxChanges {
        throw Self.unused
    }
    func append(
        _ message: any StagedMessage,
        to name: MailboxName,
        flags: FlagSet,
        internalDate: MailDate,
        delivery: DeliveryID?
    ) async throws(MailStoreError) -> AppendOutcome { throw Self.unused }
    func changeFlags(
        _ change: FlagChange,
        of uids: UIDSet,
        in mailbox: MailboxID,
        unchangedSince: ModSeq?
    ) async throws(MailStoreError) -> FlagOutcome { throw Self.unused }
    func transfer(
        _ uids: UIDSet,
        from source: MailboxID,
        to target: MailboxName,
        removingSource: Bool
    ) async throws(MailStoreError) -> TransferOutcome { throw Self.unused }
    func create(_ name: MailboxName, specialUse: Set<SpecialUse>) async throws(MailStoreError) -> MailboxID {
        throw Self.unused
    }
    func delete(_ name: MailboxName) async throws(MailStoreError) { throw Self.unused }
    func rename(_ name: MailboxName, to target: MailboxName) async throws(MailStoreError) { throw Self.unused }
    func setSubscribed(_ subscribed: Bool, _ name: MailboxName) async throws(MailStoreError) { throw Self.unused }
    func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? { nil }
    func watch(_ mailbox: MailboxID?, notify: @escaping @Sendable () -> Void) -> MailboxWatch { MailboxWatch {} }
}

/// Knows alice with her password, bob who may not use POP3, and carol whose directory is down.
struct FakeDirectory: Authenticator {
    static let alice: AuthenticatedUser? = MailboxAddress("alice@example.test").map {
        AuthenticatedUser(account: AccountID(7), name: $0)
    }

    func authenticate(
        user: String,
        password: [UInt8],
        service: MailService,
        peer: String
    ) async -> AuthenticationOutcome {
        switch user {
        case "alice@example.test":
            guard password == Array("secret word".utf8), let alice = Self.alice else { return .invalidCredentials }
            return .success(alice)
        case "bob@example.test": return .notPermitted
        case "carol@example.test": return .unavailable
        default: return .invalidCredentials
        }
    }
}

/// Lets each account log on once.
final class FakePace: POP3LogOnPace {
    private let known = Lock<Set<AccountID>>([])
    func admit(_ account: AccountID, every seconds: Int64) -> Bool { known.withLock { $0.insert(account).inserted } }
    func withdraw(_ account: AccountID) { known.withLock { _ = $0.remove(account) } }
}

/// Keeps events for a test to look at.
final class EventList: EventSink {
    private let events = Lock<[Event]>([])
    func record(_ event: Event) { events.withLock { $0.append(event) } }
    var names: [String] { events.withLock { $0.map(\.definition.name) } }
    var recorder: EventRecorder { EventRecorder(sink: self) }
}
