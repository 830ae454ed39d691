// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Gives rights to a mailbox, or takes them (RFC 4314 §3.1).
package struct SetACLCommand: IMAPCommand {
    package static let name: StaticString = "SETACL"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    /// To whom: as the client writes it.
    package var identifier: String
    package var change: RightsChange

    package init(mailbox: String, identifier: String, change: RightsChange) {
        self.mailbox = mailbox
        self.identifier = identifier
        self.change = change
    }

    // setacl = "SETACL" SP mailbox SP identifier SP mod-rights    RFC 4314 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        identifier = try scanner.accessIdentifier()
        try scanner.space()
        change = try scanner.rightsChange()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.astring(identifier.utf8)
        encoder.space()
        encoder.rightsChange(change)
    }
}
