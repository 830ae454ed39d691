// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ExpungeCommand: SessionCommand {
    /// The dispatcher tells what is gone, behind this as behind every command.
    func perform(in session: IMAPSession) async throws -> Completion {
        let view = try session.selected()
        let chosen = try uids.map { (set) throws(CommandRefusal) in view.uids(of: try view.indices(of: set, .uid)) }
        if chosen?.isEmpty == true { return .done }
        let outcome = try await view.account.expunge(chosen, in: view.id, onlyDeleted: true)
        try await session.tellOwnExpunges(outcome.vanished)
        return .done
    }
}
