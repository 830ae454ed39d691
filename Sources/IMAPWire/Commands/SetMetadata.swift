// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Changes annotations of a mailbox, or of the server (RFC 5464 §4.3).
package struct SetMetadataCommand: IMAPCommand {
    package static let name: StaticString = "SETMETADATA"
    package static let traits: CommandTraits = .loggedOn

    /// Empty for the server.
    package var mailbox: String
    /// Those without a value go.
    package var entries: [MetadataEntry]

    package init(mailbox: String, entries: [MetadataEntry]) {
        self.mailbox = mailbox
        self.entries = entries
    }

    // setmetadata = "SETMETADATA" SP mailbox SP entry-values    RFC 5464 §5
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        mailbox = try scanner.mailbox()
        try scanner.space()
        entries = try scanner.entryValues()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.mailbox(mailbox)
        encoder.space()
        encoder.entryValues(entries)
    }
}
