// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Looks for several texts in one message, fed with its octets from first to last in pieces of any size.
///
/// What is looked into is `SearchTextReader`'s affair.
package struct MessageSearch: Sendable {
    package enum Scope: Sendable, Hashable {
        /// SEARCH BODY: the text of text parts, attached ones included, and of messages within also the header.
        case body
        /// SEARCH TEXT: that, and every header field, of parts too.
        case text
        /// SEARCH HEADER, SUBJECT, FROM and so on: the values of the fields of the message's own header that have
        /// this name, folded as text is.
        case header(name: [UInt8])

        /// The scope of a field's name as a client wrote it.
        package static func header(_ name: String) -> Scope { .header(name: SearchFolding.fold(name)) }
    }

    package struct Term: Sendable, Hashable {
        package var needle: SearchNeedle
        package var scope: Scope

        package init(_ needle: SearchNeedle, in scope: Scope) {
            self.needle = needle
            self.scope = scope
        }
    }

    /// For each term, whether it was found so far.
    package private(set) var found: [Bool]
    private let terms: [Term]
    private var reader: SearchTextReader
    /// For each term, how much of it the text so far ends with.
    private var matched: [Int]

    package init(_ terms: [Term], in structure: MessageStructure) {
        self.terms = terms
        found = terms.map { $0.needle.isEmpty && !$0.scope.isHeader }
        matched = terms.map { _ in 0 }
        reader = SearchTextReader(structure)
    }

    /// The octets to read next; `nil` when reading on cannot change anything.
    package var wanted: Range<UInt64>? { results.contains(nil) ? reader.wanted : nil }

    /// True when reading on cannot change anything.
    package var isDecided: Bool { wanted == nil }

    /// For each term, whether it is found; `nil` while that is open.
    package var results: [Bool?] {
        let isOver = reader.wanted == nil
        return terms.indices.map { index in
            if found[index] { return true }
            return isOver || (terms[index].scope.isHeader && reader.isPastHeader) ? false : nil
        }
    }

    /// Takes the octets of the message from `offset` on; pieces must come in order.
    ///
    /// What is passed over counts as absent.
    package mutating func take(_ piece: [UInt8], at offset: UInt64) {
        for text in reader.take(piece, at: offset) { look(at: text) }
    }

    /// Ends the search where the octets end, and says for each term whether it was found.
    package mutating func finish() -> [Bool] {
        for text in reader.finish() { look(at: text) }
        return found
    }

    private mutating func look(at text: SearchTextReader.Text) {
        for index in terms.indices where !found[index] {
            found[index] = isFound(index, in: text)
        }
    }

    private mutating func isFound(_ index: Int, in text: SearchTextReader.Text) -> Bool {
        let needle = terms[index].needle
        switch (text, terms[index].scope) {
        case (.field(let line, let value), .header(let name)):
            return SearchTextReader.isNamed(name, line) && needle.isFound(inFolded: Array(line[value...]))
        case (_, .header): return false
        case (.field(let line, _), .text), (.partField(let line), .text): return needle.isFound(inFolded: line)
        case (.embeddedField(let line), _): return needle.isFound(inFolded: line)
        case (.body(let piece), _): return needle.advance(&matched[index], over: piece)
        case (.bodyEnd, _):
            matched[index] = 0
            return false
        case (.field, .body), (.partField, .body): return false
        }
    }
}

extension MessageSearch {
    /// Searches a message that is at hand as a whole.
    package static func find(_ terms: [Term], in structure: MessageStructure, of message: [UInt8]) -> [Bool] {
        var search = MessageSearch(terms, in: structure)
        search.take(message, at: 0)
        return search.finish()
    }
}

extension MessageSearch.Scope {
    var isHeader: Bool { if case .header = self { true } else { false } }
}

extension SearchTextReader {
    /// Whether a field, folded as `name: value`, has a name that was folded too.
    package static func isNamed(_ name: [UInt8], _ line: [UInt8]) -> Bool {
        line.count > name.count && line[name.count] == UInt8(ascii: ":") && line.starts(with: name)
            && !name.contains(UInt8(ascii: ":"))
    }
}
