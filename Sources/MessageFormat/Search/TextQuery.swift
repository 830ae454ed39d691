// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What must hold of a message: a boolean expression over texts to be found in it and over what is known of it anyway.
package indirect enum TextQuery: Sendable {
    /// Known without reading, given the message's place in the caller's list.
    case known(@Sendable (Int) -> Bool)
    /// Whether the term with this number is found.
    case term(Int)
    case all([TextQuery])
    case any([TextQuery])
    case not(TextQuery)

    /// Whether it holds for the message at `place`; `nil` while that hangs on terms of which `term` does not know yet.
    package func value(at place: Int, _ term: (Int) -> Bool?) -> Bool? {
        switch self {
        case .known(let holds): return holds(place)
        case .term(let number): return term(number)
        case .not(let inner): return inner.value(at: place, term).map { !$0 }
        case .all(let inner): return Self.first(false, of: inner, place, term)
        case .any(let inner): return Self.first(true, of: inner, place, term)
        }
    }

    private static func first(_ deciding: Bool, of inner: [TextQuery], _ place: Int, _ term: (Int) -> Bool?) -> Bool? {
        var isOpen = false
        for query in inner {
            switch query.value(at: place, term) {
            case nil: isOpen = true
            case .some(deciding): return deciding
            case .some: continue
            }
        }
        return isOpen ? nil : !deciding
    }
}

/// A query with the terms it speaks of.
package struct TextSearch: Sendable {
    package var terms: [MessageSearch.Term]
    package var query: TextQuery

    package init(_ terms: [MessageSearch.Term], _ query: TextQuery) {
        self.terms = terms
        self.query = query
    }
}
