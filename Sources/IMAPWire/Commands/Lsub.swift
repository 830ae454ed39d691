// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// Lists subscribed names (RFC 3501 §6.3.9).
package struct LsubCommand: IMAPCommand {
    package static let name: StaticString = "LSUB"
    package static let traits: CommandTraits = .loggedOn

    package var reference: String
    package var pattern: String

    package init(reference: String, pattern: String) {
        self.reference = reference
        self.pattern = pattern
    }

    // lsub = "LSUB" SP mailbox SP list-mailbox    RFC 3501 §9
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        reference = try scanner.mailbox()
        try scanner.space()
        pattern = try scanner.listMailbox()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(reference)
        encoder.space()
        encoder.listMailbox(pattern)
    }
}

extension WireEncoder {
    /// A mailbox pattern, always as a string: wildcards and names then need no rules of their own.
    package mutating func listMailbox(_ pattern: String) { string(mailboxOctets(pattern)) }
}
