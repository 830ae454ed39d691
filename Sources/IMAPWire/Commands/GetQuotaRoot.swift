// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Asks which quota roots a mailbox has, and for their usage and limits (RFC 9208 §4.1.2).
package struct GetQuotaRootCommand: IMAPCommand {
    package static let name: StaticString = "GETQUOTAROOT"
    package static let traits: CommandTraits = .loggedOn

    package var mailbox: String

    package init(mailbox: String) { self.mailbox = mailbox }

    // getquotaroot = "GETQUOTAROOT" SP mailbox    RFC 9208 §7
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
    }
}
