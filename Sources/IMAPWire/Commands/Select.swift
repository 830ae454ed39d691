// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Opens a mailbox (RFC 9051 §6.3.2).
///
/// What was selected before is left, also when this fails.
package struct SelectCommand: IMAPCommand {
    package static let name: StaticString = "SELECT"
    package static let traits: CommandTraits = [.authenticated, .selected, .leavesMailbox]

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // select = "SELECT" SP mailbox    RFC 3501 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
