// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Takes a name off the list of subscriptions (RFC 9051 §6.3.8).
package struct UnsubscribeCommand: IMAPCommand {
    package static let name: StaticString = "UNSUBSCRIBE"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // unsubscribe = "UNSUBSCRIBE" SP mailbox    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
