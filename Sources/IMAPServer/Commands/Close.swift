// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension CloseCommand: SessionCommand {
    func perform(in session: IMAPSession) async throws -> Completion {
        guard let view = session.view else { return .done }
        session.view = nil
        if !view.isReadOnly, !view.isGone, view.rights.isSuperset(of: [.read, .expunge]) {
            _ = try await view.account.expunge(nil, in: view.id, onlyDeleted: true)
        }
        return .done
    }
}
