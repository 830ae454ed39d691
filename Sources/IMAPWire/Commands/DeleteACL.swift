// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Takes away what an identifier has of its own in the list of those who have rights (RFC 4314 §3.2).
package struct DeleteACLCommand: IMAPCommand {
    package static let name: StaticString = "DELETEACL"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    /// Whose: as the client writes it.
    package var identifier: String

    package init(mailbox: String, identifier: String) {
        self.mailbox = mailbox
        self.identifier = identifier
    }

    // deleteacl = "DELETEACL" SP mailbox SP identifier    RFC 4314 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        identifier = try scanner.accessIdentifier()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.astring(identifier.utf8)
    }
}
