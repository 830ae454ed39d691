// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

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
    /// With UPDATE: what is to be told of messages that are new and come to the result (RFC 5465 §7).
    package var updateItems: [FetchItem]

    package init(_ options: Options = [], partial: PartialRange? = nil, updateItems: [FetchItem] = []) {
        self.options = options
        self.partial = partial
        self.updateItems = updateItems
    }
}

extension WireScanner {
    // search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"    RFC 9051 §9
    // modifier-update = "UPDATE" [ "(" fetch-att *(SP fetch-att) ")" ]; in the example of RFC 5465 §7 with a space
    /// Behind the space in front of it, and up to and with that behind it; `nil` when there is none.
    package mutating func searchReturn() throws(IMAPSyntaxError) -> SearchReturn? {
        guard acceptWord("RETURN") else { return nil }
        try space()
        var returned = SearchReturn()
        _ = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            if let found = SearchReturn.Options.words.first(where: { scanner.acceptWord($0.0) }) {
                returned.options.insert(found.1)
                guard found.1 == .update else { return }
                if scanner.peek() == ASCII.space, scanner.peek(1) == 0x28 { try scanner.space() }
                if scanner.peek() == 0x28 { returned.updateItems = try scanner.fetchItems() }
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
        if returned.options.contains(.update), !returned.updateItems.isEmpty {
            space()
            fetchItems(returned.updateItems)
        }
        if let partial = returned.partial {
            raw(needsSpace ? " PARTIAL " : "PARTIAL ")
            partialRange(partial)
        }
        raw(") ")
    }
}
