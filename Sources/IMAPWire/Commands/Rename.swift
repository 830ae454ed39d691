// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Gives a mailbox, and those below it, another name (RFC 9051 §6.3.6).
package struct RenameCommand: IMAPCommand {
    package static let name: StaticString = "RENAME"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var target: String

    package init(mailbox: String, target: String) {
        self.mailbox = mailbox
        self.target = target
    }

    // rename = "RENAME" SP mailbox SP mailbox    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        target = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.mailbox(target)
    }
}
