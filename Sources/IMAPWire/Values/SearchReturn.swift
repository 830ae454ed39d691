// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What of its result a search is to answer (RFC 4731 §3.1, RFC 5182 §2.1).
package struct SearchReturn: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let minimum = SearchReturn(rawValue: 1)
    package static let maximum = SearchReturn(rawValue: 2)
    package static let all = SearchReturn(rawValue: 4)
    package static let count = SearchReturn(rawValue: 8)
    /// Keep it for `$`.
    package static let save = SearchReturn(rawValue: 16)

    fileprivate static let words: [(StaticString, SearchReturn)] = [
        ("MIN", .minimum), ("MAX", .maximum), ("ALL", .all), ("COUNT", .count), ("SAVE", .save),
    ]
}

extension WireScanner {
    // search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"    RFC 9051 §9
    /// Behind the space in front of it, and up to and with that behind it; `nil` when there is none.
    package mutating func searchReturn() throws(IMAPSyntaxError) -> SearchReturn? {
        guard acceptWord("RETURN") else { return nil }
        try space()
        var options: SearchReturn = []
        _ = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            guard let found = SearchReturn.words.first(where: { scanner.acceptWord($0.0) }) else {
                throw scanner.failure("MIN, MAX, ALL, COUNT or SAVE")
            }
            options.insert(found.1)
        }
        try space()
        return options
    }
}

extension WireEncoder {
    /// With the space behind it.
    package mutating func searchReturn(_ options: SearchReturn) {
        raw("RETURN ")
        list(SearchReturn.words.filter { options.contains($0.1) }) { encoder, word in encoder.raw(word.0) }
        space()
    }
}
