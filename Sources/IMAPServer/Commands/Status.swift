// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension StatusCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) { _ = try MailboxName(argument: mailbox) }

    func perform(in session: IMAPSession) async throws -> Completion {
        let place = try await session.place(named: mailbox, for: Self.self)
        if items.contains(.highestModSeq) { session.enableModSeqs() }
        let status = try await place.account.status(of: place.name)
        session.send(session.statusResponse(place.shownName, status, items))
        return .done
    }
}

extension IMAPSession {
    func statusResponse(_ name: MailboxName, _ status: MailboxStatus, _ items: [StatusItem]) -> Response {
        .status(mailbox: name.text, items.map { value(of: $0, in: status) })
    }

    private func value(of item: StatusItem, in status: MailboxStatus) -> StatusValue {
        item == .mailboxID
            ? StatusValue(mailboxID: status.id.objectID) : StatusValue(item, number(of: item, in: status))
    }

    private func number(of item: StatusItem, in status: MailboxStatus) -> UInt64 {
        switch item {
        case .deletedStorage: status.deletedSize
        case .mailboxID: UInt64(status.id.rawValue)
        case .appendLimit: configuration.maximumMessageOctets
        case .deleted: UInt64(clamping: status.deleted)
        case .highestModSeq: status.highestModSeq.rawValue
        case .messages: UInt64(clamping: status.messages)
        case .recent: 0
        case .size: status.size
        case .uidNext: UInt64(status.uidNext.rawValue)
        case .uidValidity: UInt64(status.uidValidity.rawValue)
        case .unseen: UInt64(clamping: status.unseen)
        }
    }
}
