// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks what the user may do with a mailbox (RFC 4314 §3.5).
package struct MyRightsCommand: IMAPCommand {
    package static let name: StaticString = "MYRIGHTS"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // myrights = "MYRIGHTS" SP mailbox    RFC 4314 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
