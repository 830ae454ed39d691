// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension SetACLCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try facts.checkSharing(Self.name)
        _ = try MailboxName(argument: mailbox)
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        try await session.changeAccess(to: place, of: identifier, AccessChange(change))
        return .done
    }
}

extension AccessChange {
    fileprivate init(_ change: RightsChange) {
        let mode: Mode =
            switch change.mode {
            case .replace: .replace
            case .add: .add
            case .remove: .remove
            }
        self.init(mode, change.rights)
    }
}
