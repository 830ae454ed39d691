// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What of its result a search is to answer (RFC 4731 §3.1, RFC 5182 §2.1, RFC 5267 §4, RFC 9394 §3.1).
package struct SearchReturn: Hashable, Sendable {
    package struct Options: OptionSet, Hashable, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        package static let minimum = Options(rawValue: 1)
        package static let maximum = Options(rawValue: 2)
        package static let all = Options(rawValue: 4)
        package static let count = Options(rawValue: 8)
        /// Keep it for `$`.
        package static let save = Options(rawValue: 16)

        /// The same will be searched for again: a hint, nothing more.
        package static let context = Options(rawValue: 32)
        /// Tell what comes to the result and leaves it from here on.
        package static let update = Options(rawValue: 64)

        fileprivate static let words: [(StaticString, Options)] = [
            ("MIN", .minimum), ("MAX", .maximum), ("ALL", .all), ("COUNT", .count), ("SAVE", .save),
            ("CONTEXT", .context), ("UPDATE", .update),
        ]
    }

    package var options: Options
    /// PARTIAL.
    package var partial: PartialRange?

    package init(_ options: Options = [], partial: PartialRange? = nil) {
        self.options = options
        self.partial = partial
    }
}

extension WireScanner {
    // search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"    RFC 9051 §9
    /// Behind the space in front of it, and up to and with that behind it; `nil` when there is none.
    package mutating func searchReturn() throws(IMAPSyntaxError) -> SearchReturn? {
        guard acceptWord("RETURN") else { return nil }
        try space()
        var returned = SearchReturn()
        _ = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            if let found = SearchReturn.Options.words.first(where: { scanner.acceptWord($0.0) }) {
                returned.options.insert(found.1)
                return
            }
            guard returned.partial == nil, scanner.acceptWord("PARTIAL") else {
                throw scanner.failure("MIN, MAX, ALL, COUNT, SAVE, CONTEXT, UPDATE or one PARTIAL")
            }
            try scanner.space()
            returned.partial = try scanner.partialRange()
        }
        try space()
        return returned
    }
}

extension WireEncoder {
    /// With the space behind it.
    package mutating func searchReturn(_ returned: SearchReturn) {
        raw("RETURN (")
        var needsSpace = false
        for (word, option) in SearchReturn.Options.words where returned.options.contains(option) {
            if needsSpace { space() }
            raw(word)
            needsSpace = true
        }
        if let partial = returned.partial {
            raw(needsSpace ? " PARTIAL " : "PARTIAL ")
            partialRange(partial)
        }
        raw(") ")
    }
}
