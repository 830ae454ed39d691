// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore

extension CloseCommand: SessionCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        guard let view = session.view else { return .done }
        session.view = nil
        if !view.isReadOnly, !view.isGone {
            _ = try await session.account.expunge(nil, in: view.id, onlyDeleted: true)
        }
        return .done
    }
}
