// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension LsubCommand: SessionCommand {
    /// With a pattern that ends in `%`, levels above subscribed names are listed as `\Noselect` (RFC 3501 §6.3.9).
    func perform(in session: IMAPSession) async throws -> Completion {
        if pattern.isEmpty {
            session.send(.lsub(MailboxListing(attributes: ["\\Noselect"], name: "")))
            return .done
        }
        let matcher = try MailboxPattern(reference: reference, pattern: pattern)
        let hierarchy = MailboxHierarchy(try await session.account.mailboxes())
        for node in hierarchy.nodes where matcher.matches(node.name.text) {
            if node.isSubscribed {
                session.send(.lsub(MailboxListing(attributes: [], name: node.name.text)))
            } else if node.below.contains(.subscribed), pattern.hasSuffix("%") {
                session.send(.lsub(MailboxListing(attributes: ["\\Noselect"], name: node.name.text)))
            }
            try await session.connection.flushIfLarge()
        }
        return .done
    }
}
