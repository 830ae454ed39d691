// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Puts a name on the list of subscriptions (RFC 9051 §6.3.7).
package struct SubscribeCommand: IMAPCommand {
    package static let name: StaticString = "SUBSCRIBE"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // subscribe = "SUBSCRIBE" SP mailbox    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
