// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension CopyCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { _ = try MailboxName(argument: mailbox) }

    func perform(in session: IMAPSession) async throws -> Completion {
        let target = try await session.place(named: mailbox, for: Self.self)
        return Completion(code: try await session.transfer(messages, numbers, to: target, removingSource: false).code)
    }
}

extension IMAPSession {
    /// Copies or moves; the code tells source and target UIDs (RFC 9051 §7.1 COPYUID), and there is none when nothing
    /// was there to be copied.
    ///
    /// Of more messages than one command handles the last are moved, and `limit` says so.
    func transfer(
        _ set: SequenceSet,
        _ numbers: MessageNumbers,
        to target: MailboxPlace,
        removingSource: Bool
    ) async throws -> (code: ResponseCode?, limit: ResponseCode?) {
        let (source, named) = try uids(of: set, numbers)
        guard !named.isEmpty else { return (nil, nil) }
        if !removingSource { try checkCopied(named) }
        let (uids, limit) = removingSource ? limited(named) : (uids: named, code: nil)
        if numbers == .sequence, !removingSource { try await refuseExpunged(uids) }
        let account = try selected().account
        let outcome: TransferOutcome
        if account.id == target.account.id, target.rights.isSuperset(of: .ofFlags) {
            outcome = try await waiting { _ in
                try await offeringCreation { () throws(MailStoreError) in
                    try await account.transfer(uids, from: source, to: target.name, removingSource: removingSource)
                }
            }
        } else {
            outcome = try await carry(uids, to: target, removingSource: removingSource)
        }
        guard !outcome.pairs.isEmpty else {
            // RFC 2180 §4.4: what was numbered is there no more.
            if numbers == .sequence { throw CommandRefusal.no(.expungeIssued, "The messages are expunged") }
            return (nil, limit)
        }
        let copies = UIDSet(ascending: outcome.pairs.lazy.map { $0.target })
        noteArrivals(copies, in: target.shownName)
        let code = ResponseCode.copyUID(
            outcome.targetUIDValidity,
            source: UIDSet(ascending: outcome.pairs.lazy.map { $0.source }),
            target: copies
        )
        return (code, limit)
    }

    /// A COPY is all or nothing (RFC 9051 §6.4.7), and numbers stand for messages that another session may have expunged:
    /// then nothing is copied (RFC 2180 §4.4.1).
    private func refuseExpunged(_ uids: UIDSet) async throws {
        let view = try selected()
        let gone = try await view.account.changes(in: view.id, since: view.toldModSeq).vanished.intersection(uids).count
        guard gone == 0 else {
            throw CommandRefusal.no(.expungeIssued, "\(gone) of the messages are expunged; nothing was copied")
        }
    }
}
