// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Deletes a mailbox with its messages (RFC 9051 §6.3.5).
package struct DeleteCommand: IMAPCommand {
    package static let name: StaticString = "DELETE"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // delete = "DELETE" SP mailbox    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
