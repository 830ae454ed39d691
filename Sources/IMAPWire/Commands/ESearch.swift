// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Finds messages in several mailboxes (RFC 7377 §2).
package struct ESearchCommand: IMAPCommand {
    package static let name: StaticString = "ESEARCH"
    package static let traits: CommandTraits = .loggedOn

    /// `nil` for the selected mailbox.
    package var sources: [MailboxSource]?
    package var returned: SearchReturn?
    package var charset: [UInt8]?
    package var key: SearchKey

    package init(
        _ key: SearchKey,
        in sources: [MailboxSource]? = nil,
        returned: SearchReturn? = nil,
        charset: [UInt8]? = nil
    ) {
        self.sources = sources
        self.returned = returned
        self.charset = charset
        self.key = key
    }

    // esearch = "ESEARCH" [SP esearch-source-opts] [search-return-opts] SP search-program
    // esearch-source-opts = "IN" SP "(" source-mbox [SP "(" scope-options ")"] ")"; there are no scope options yet
    // RFC 7377 §4
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        if scanner.acceptWord("IN") {
            try scanner.space()
            try scanner.open()
            sources = try scanner.mailboxSources()
            try scanner.close()
            try scanner.space()
        }
        returned = try scanner.searchReturn()
        charset = try scanner.searchCharset()
        key = try scanner.searchKeys()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        if let sources {
            encoder.raw("IN ")
            encoder.list(sources) { encoder, source in encoder.mailboxSource(source) }
            encoder.space()
        }
        if let returned { encoder.searchReturn(returned) }
        encoder.searchCharset(charset)
        encoder.searchKey(key)
    }
}

extension WireScanner {
    // ["CHARSET" SP charset SP]    RFC 9051 §9
    mutating func searchCharset() throws(IMAPSyntaxError) -> [UInt8]? {
        guard acceptWord("CHARSET") else { return nil }
        try space()
        let charset = try astring("the name of a charset")
        try space()
        return charset
    }
}

extension WireEncoder {
    /// With the space behind it.
    mutating func searchCharset(_ charset: [UInt8]?) {
        guard let charset else { return }
        raw("CHARSET ")
        astring(charset)
        space()
    }
}
