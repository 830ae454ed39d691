// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks which rights an identifier can be given (RFC 4314 §3.4).
package struct ListRightsCommand: IMAPCommand {
    package static let name: StaticString = "LISTRIGHTS"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    /// To whom: as the client writes it, and is answered.
    package var identifier: String

    package init(mailbox: String, identifier: String) {
        self.mailbox = mailbox
        self.identifier = identifier
    }

    // listrights = "LISTRIGHTS" SP mailbox SP identifier    RFC 4314 §7
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
