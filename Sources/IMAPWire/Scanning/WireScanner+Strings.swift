// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension WireScanner {
    // atom = 1*ATOM-CHAR    RFC 9051 §9
    package mutating func atom(_ expected: String = "an atom") throws(IMAPSyntaxError) -> ArraySlice<UInt8> {
        let start = offset
        let token = run(of: .atom)
        guard !token.isEmpty else { throw failure(expected, at: start) }
        return token
    }

    /// An atom as upper-case text: a keyword of the grammar.
    package mutating func word(_ expected: String) throws(IMAPSyntaxError) -> String {
        String(decoding: try atom(expected).map(ASCII.upper), as: UTF8.self)
    }

    // astring = 1*ASTRING-CHAR / string    RFC 9051 §9
    package mutating func astring(_ expected: String = "a string") throws(IMAPSyntaxError) -> [UInt8] {
        if isAtString { return try string(expected) }
        let token = run(of: .astring)
        guard !token.isEmpty else { throw failure(expected) }
        return Array(token)
    }

    // string = quoted / literal    RFC 9051 §9
    package mutating func string(_ expected: String = "a string") throws(IMAPSyntaxError) -> [UInt8] {
        switch peek() {
        case 0x22: try quoted()
        case 0x7B: try literal()
        default: throw failure(expected)
        }
    }

    // nstring = string / nil    RFC 9051 §9
    package mutating func nstring(_ expected: String = "a string or NIL") throws(IMAPSyntaxError) -> [UInt8]? {
        acceptWord("NIL") ? nil : try string(expected)
    }

    package var isAtString: Bool { peek() == 0x22 || peek() == 0x7B }

    // quoted = DQUOTE *QUOTED-CHAR DQUOTE    RFC 9051 §9
    // Octets above 127 are taken as they are: RFC 9051 has UTF-8 here, and log-ons with other charsets exist.
    package mutating func quoted() throws(IMAPSyntaxError) -> [UInt8] {
        let start = offset
        try expect(0x22, "a quoted string")
        var text: [UInt8] = []
        while let octet = peek() {
            rewind(to: offset + 1)
            switch octet {
            case 0x22: return text
            case 0x5C:
                guard let escaped = peek(), escaped == 0x22 || escaped == 0x5C else {
                    throw failure("\"\\\" or a quotation mark after \"\\\"")
                }
                text.append(escaped)
                rewind(to: offset + 1)
            case ASCII.null, ASCII.cr, ASCII.lf: throw failure("a character of a quoted string", at: offset - 1)
            default: text.append(octet)
            }
        }
        throw failure("the end of the quoted string that begins at octet \(start)")
    }

    // literal = "{" number64 ["+"] "}" CRLF *CHAR8    RFC 9051 §9, RFC 7888 §4
    package mutating func literal() throws(IMAPSyntaxError) -> [UInt8] {
        try expect(0x7B, "a literal")
        let count = try number64("the size of a literal")
        _ = accept(0x2B)
        try expect(0x7D, "\"}\"")
        try expect(ASCII.cr, "the line end after a literal's size")
        try expect(ASCII.lf, "the line end after a literal's size")
        guard let length = Int(exactly: count), let octets = take(length) else {
            throw failure("\(count) octets of a literal")
        }
        return Array(octets)
    }

    /// Items with single spaces between, inside parentheses.
    ///
    /// `minimum` is 0 or 1.
    package mutating func list<Item>(
        minimum: Int = 1,
        of item: (inout WireScanner) throws(IMAPSyntaxError) -> Item
    ) throws(IMAPSyntaxError) -> [Item] {
        try open()
        if minimum == 0, accept(0x29) { return [] }
        var items = [try item(&self)]
        while accept(ASCII.space) { items.append(try item(&self)) }
        try close()
        return items
    }
}
