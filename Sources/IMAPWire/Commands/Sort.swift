// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Finds messages and puts them in order (RFC 5256 §3), for people too (RFC 5957).
package struct SortCommand: NumberedCommand {
    package static let name: StaticString = "SORT"
    package static let traits: CommandTraits = [.selected, .holdsExpunges, .usesSequenceNumbers]

    package var numbers: MessageNumbers
    /// `nil` when the command has no RETURN, and is answered with a SORT response.
    package var returned: SearchReturn?
    /// The first counts most; at least one.
    package var criteria: [SortCriterion]
    package var charset: [UInt8]
    package var key: SearchKey

    package init(
        _ criteria: [SortCriterion],
        _ key: SearchKey,
        numbers: MessageNumbers = .sequence,
        returned: SearchReturn? = nil,
        charset: [UInt8]
    ) {
        self.numbers = numbers
        self.returned = returned
        self.criteria = criteria
        self.charset = charset
        self.key = key
    }

    // sort = ["UID" SP] "SORT" [search-return-opts] SP sort-criteria SP search-criteria    RFC 5256 §5, RFC 5267 §5
    // search-criteria = charset 1*(SP search-key)
    package init(parsing scanner: inout WireScanner, numbers: MessageNumbers) throws(IMAPSyntaxError) {
        self.numbers = numbers
        try scanner.space()
        returned = try scanner.searchReturn()
        criteria = try scanner.sortCriteria()
        try scanner.space()
        charset = try scanner.astring("the name of a charset")
        try scanner.space()
        key = try scanner.searchKeys()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        if let returned { encoder.searchReturn(returned) }
        encoder.sortCriteria(criteria)
        encoder.space()
        encoder.astring(charset)
        encoder.space()
        encoder.searchKey(key)
    }
}
