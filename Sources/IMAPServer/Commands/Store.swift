// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

extension StoreCommand: SessionCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        let (uids, limit) = session.limited(try session.uids(of: messages, numbers).uids)
        guard !uids.isEmpty else { return .done }
        let change = FlagChange(changeMode, flags)
        if unchangedSince != nil { session.enableModSeqs() }
        var outcome = try await session.changeFlags(change, of: uids, unchangedSince: unchangedSince)
        // Under a limit, messages are handled from the greatest UID down (RFC 9738 §3.1).
        if limit != nil { outcome.messages.reverse() }
        // Silence is for what the client can work out by itself; flags that others set meanwhile are told.
        let isTold: ((FlagSet, FlagSet) -> Bool)? = isSilent ? { change.result(on: $0) != $1 } : nil
        try await session.tell(outcome, withUID: isUID, where: isTold)
        let missing = uids.count - outcome.messages.count - outcome.modified.count
        return try session.answering(limit) {
            if outcome.modified.isEmpty { return try completion(missing: missing, of: uids.count) }
            return Completion(
                condition: missing > 0 && numbers == .sequence ? .no : .ok,
                code: .modified(session.numbers(of: outcome.modified, numbers)),
                text: missing > 0 ? "Some of the messages are expunged" : "Conditional STORE failed for some"
            )
        }
    }

    /// Messages that the client still numbers, and that another session has expunged: RFC 2180 §4.2 has the command
    /// refused, unless it was silent and did something.
    ///
    /// A UID that no message has is nothing (RFC 9051 §6.4.9).
    private func completion(missing: Int, of count: Int) throws(CommandRefusal) -> Completion {
        guard missing > 0, numbers == .sequence else { return .done }
        guard isSilent, missing < count else {
            throw .no(.expungeIssued, "\(missing) of the messages are expunged")
        }
        return Completion(code: .word(.expungeIssued), text: "\(missing) of the messages are expunged")
    }

    private var changeMode: FlagChange.Mode {
        switch mode {
        case .replace: .replace
        case .add: .add
        case .remove: .remove
        }
    }
}

extension IMAPSession {
    /// UIDs as a command names messages.
    func numbers(of uids: UIDSet, _ numbers: MessageNumbers) -> UIDSet {
        guard numbers == .sequence, let view else { return uids }
        let known = uids.uids.compactMap { uid in view.index(of: uid).map { UID(view.number($0).rawValue) } }
        return UIDSet(ascending: known)
    }

    /// The selected mailbox and the UIDs of the messages that a set names.
    func uids(of set: SequenceSet, _ numbers: MessageNumbers) throws -> (mailbox: MailboxID, uids: UIDSet) {
        let view = try selected()
        return (view.id, view.uids(of: try view.indices(of: set, numbers)))
    }

    /// Takes new flags into the view and sends those that `isTold` picks, given the flags the client knew and the new
    /// ones, or all; of the others the mod-sequences, once those are told (RFC 7162 §3.1.3).
    func tell(
        _ outcome: FlagOutcome,
        withUID: Bool,
        where isTold: ((FlagSet, FlagSet) -> Bool)?
    ) async throws {
        if view?.adopt(outcome.keywords) == true, let names = view?.flagNames { send(.flags(names)) }
        var encoder = WireEncoder()
        var next = 0
        for (count, entry) in outcome.messages.enumerated() {
            if count.isMultiple(of: 64) { await giveWay() }
            guard let told = view?.tell(entry, near: next, keywords: outcome.keywords) else { continue }
            next = told.index + 1
            let withFlags = isTold?(told.known.flags(keywords: told.table), entry.flags(keywords: told.table)) ?? true
            guard withFlags || enabled.contains(.condstore) else { continue }
            encoder.flagsResponse(
                entry,
                at: told.index,
                keywords: told.table,
                withUID: withUID,
                withFlags: withFlags,
                enabled
            )
            guard encoder.bytes.count > 16_384 else { continue }
            try await connection.send(encoder.bytes)
            encoder = WireEncoder()
        }
        connection.write(encoder.bytes)
    }
}
