// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MessageFormat
package import Runtime
package import SMTPWire

/// A message on its way to other servers, for recipients that share a destination.
package struct OutboundMessage: Sendable {
    /// As the message came; what depends on the server (SIZE, BODY) is made when it is known.
    package var mail: MailCommand
    package var recipients: [RecipientCommand]
    package var content: any MessageContent
    /// What the octets demand; looked up when it is first needed, unless it is known.
    package var facts: ContentFacts?

    package init(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: any MessageContent,
        facts: ContentFacts? = nil
    ) {
        self.mail = mail
        self.recipients = recipients
        self.content = content
        self.facts = facts
    }
}

/// One address of one host that takes mail for a destination.
package struct SMTPHost: Sendable, Hashable, CustomStringConvertible {
    /// The host's name as the MX or the smart host has it, or its address: what its certificate must be valid for.
    package var name: String
    package var address: SocketAddress

    package init(_ name: String, _ address: SocketAddress) {
        self.name = name
        self.address = address
    }

    package var description: String { name == address.host ? "\(address)" : "\(name) (\(address))" }
}
