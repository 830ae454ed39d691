// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks who has which rights to a mailbox (RFC 4314 §3.3).
package struct GetACLCommand: IMAPCommand {
    package static let name: StaticString = "GETACL"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // getacl = "GETACL" SP mailbox    RFC 4314 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
