// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

extension FetchCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard partial == nil || isUID else { throw .bad("PARTIAL needs UID FETCH") }
        guard wantsVanished else { return }
        guard facts.enabled.contains(.qresync) else { throw .bad("QRESYNC must be enabled first") }
        guard isUID, changedSince != nil else { throw .bad("VANISHED needs UID FETCH and CHANGEDSINCE") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        if changedSince != nil || items.contains(.modSeq) { session.enableModSeqs() }
        let view = try session.selected()
        var indices = try view.indices(of: messages, numbers)
        // The places are those in the set, whatever has changed (RFC 9394 §3.4).
        if let partial {
            try session.check(partial)
            indices = view.indices(indices, at: partial)
        }
        if let changedSince {
            indices = view.indices(indices) { $0.modSeq > changedSince }
            if wantsVanished { try await tellVanished(since: changedSince, view, in: session) }
        }
        let (handled, limit) = session.limited(indices, in: view)
        var run = FetchRun(session, items: answeredItems(session.enabled), isDescending: limit != nil)
        try await run.answer(handled)
        return try session.answering(limit) { try completion(of: run) }
    }

    private func completion(of run: FetchRun) throws(CommandRefusal) -> Completion {
        guard run.refused.isEmpty else {
            throw .no(.corruption, "Octets are lost of UID \(run.refused.description.prefix(512))")
        }
        guard run.undecodable.isEmpty else {
            let uids = run.undecodable.description.prefix(512)
            throw .no(.unknownTransferEncoding, "A part cannot be decoded of UID \(uids)")
        }
        // UIDs that are not there are passed over (RFC 9051 §6.4.9).
        guard isUID || run.gone.isEmpty else {
            throw .no(.expungeIssued, "\(run.gone.count) of the messages are expunged")
        }
        return .done
    }

    /// Answers to UID FETCH always have the UID (RFC 9051 §6.4.9), where it does not stand in front (RFC 9586 §3.3), and those to CHANGEDSINCE the mod-sequence (RFC 7162
    /// §3.1.4.1).
    private func answeredItems(_ enabled: EnabledExtensions) -> [FetchItem] {
        let isUIDOnly = enabled.contains(.uidOnly)
        let uid: [FetchItem] = isUID && !isUIDOnly && !items.contains(.uid) ? [.uid] : []
        let modSeq: [FetchItem] = changedSince != nil && !items.contains(.modSeq) ? [.modSeq] : []
        return uid + items + modSeq
    }

    /// Those that are gone have no greatest UID: `*` stands for any.
    private func tellVanished(since modSeq: ModSeq, _ view: MailboxView, in session: IMAPSession) async throws {
        let set = messages.isSavedResult ? view.savedResult : UIDSet(messages.resolved(largest: .max))
        var encoder = WireEncoder()
        encoder.vanished(try await session.vanished(from: view, since: modSeq, among: set), isEarlier: true)
        session.connection.write(encoder.bytes)
    }
}
