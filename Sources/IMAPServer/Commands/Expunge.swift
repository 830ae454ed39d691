// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ExpungeCommand: SessionCommand {
    /// The dispatcher tells what is gone, behind this as behind every command.
    ///
    /// EXPUNGE without UIDs has no limit (RFC 9738 §3.1).
    func perform(in session: IMAPSession) async throws -> Completion {
        let view = try session.selected()
        let chosen = try uids.map { (set) throws(CommandRefusal) in view.uids(of: try view.indices(of: set, .uid)) }
        if chosen?.isEmpty == true { return .done }
        let (handled, limit) = try await limited(chosen, in: view, session)
        let outcome = try await view.account.expunge(handled, in: view.id, onlyDeleted: true)
        try await session.tellOwnExpunges(outcome.vanished)
        return try session.answering(limit) { .done }
    }

    /// Messages count that have \Deleted.
    private func limited(
        _ uids: UIDSet?,
        in view: MailboxView,
        _ session: IMAPSession
    ) async throws -> (uids: UIDSet?, code: ResponseCode?) {
        guard let uids, session.limited(uids).code != nil else { return (uids, nil) }
        let deleted = try await session.present(uids, in: view).entries.filter { $0.systemFlags.contains(.deleted) }
        let handled = session.limited(UIDSet(ascending: deleted.lazy.map { $0.uid }))
        return (handled.uids, handled.code)
    }
}
