// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks for counts of a mailbox without selecting it (RFC 9051 §6.3.11).
package struct StatusCommand: IMAPCommand {
    package static let name: StaticString = "STATUS"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String
    package var items: [StatusItem]

    package init(mailbox: String, items: [StatusItem]) {
        self.mailbox = mailbox
        self.items = items
    }

    // status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"    RFC 9051 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        items = try scanner.statusItems()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.list(items) { encoder, item in encoder.raw(item.rawValue.utf8) }
    }
}
