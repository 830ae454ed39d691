// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Finds messages (RFC 9051 §6.4.4).
package struct SearchCommand: NumberedCommand {
    package static let name: StaticString = "SEARCH"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    /// `nil` when the command has no RETURN, and is answered with a SEARCH response where those still are.
    package var returned: SearchReturn?
    /// Of the strings in `key`, as the client wrote it; `nil` when it named none.
    package var charset: [UInt8]?
    package var key: SearchKey

    package init(
        _ key: SearchKey,
        numbers: MessageNumbers = .sequence,
        returned: SearchReturn? = nil,
        charset: [UInt8]? = nil
    ) {
        self.numbers = numbers
        self.returned = returned
        self.charset = charset
        self.key = key
    }

    // search = "SEARCH" [search-return-opts] SP ["CHARSET" SP charset SP] search-key *(SP search-key)    RFC 9051 §9
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        returned = try scanner.searchReturn()
        charset = try scanner.searchCharset()
        key = try scanner.searchKeys()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        if let returned { encoder.searchReturn(returned) }
        encoder.searchCharset(charset)
        encoder.searchKey(key)
    }
}
