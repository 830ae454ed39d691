// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Where a server's line stops being what the grammar asks for.
package struct POP3ReplyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Offset in the line, from 0.
    package var offset: Int
    /// What may stand there, as a noun phrase.
    package var expected: String

    package init(offset: Int, expected: String) {
        self.offset = offset
        self.expected = expected
    }

    package var description: String { "expected \(expected) at octet \(offset)" }
}

/// A status line as it was received (RFC 1939 §3, RFC 2449 §8).
package struct POP3StatusLine: Sendable, Hashable {
    package var isPositive: Bool
    /// The response code in brackets, in upper case: any that the grammar allows.
    package var code: String?
    package var text: [UInt8]

    // single-line = status [SP text] CRLF; status = "+OK" / "-ERR"; text = *schar / resp-code *CHAR    RFC 2449 §9
    /// Reads a line without its CRLF.
    package init(parsing line: [UInt8]) throws(POP3ReplyError) {
        guard line.count <= POP3Reply.maximumOctets - 2 else {
            throw POP3ReplyError(offset: POP3Reply.maximumOctets - 2, expected: "the end of the line")
        }
        isPositive = line.starts(with: "+OK".utf8)
        guard isPositive || line.starts(with: "-ERR".utf8) else {
            throw POP3ReplyError(offset: 0, expected: "+OK or -ERR")
        }
        let end = isPositive ? 3 : 4
        text = []
        guard line.count > end else { return }
        guard line[end] == ASCII.space else { throw POP3ReplyError(offset: end, expected: "a space or the line's end") }
        // UTF-8 is allowed by RFC 6856 §2.1.
        if let bad = line[end...].firstIndex(where: { ASCII.isControl($0) }) {
            throw POP3ReplyError(offset: bad, expected: "a printable character")
        }
        text = Array(line[(end + 1)...])
        guard text.first == 0x5B else { return }
        try readCode(at: end + 1)
    }

    // resp-code = "[" resp-level *("/" resp-level) "]"; resp-level = 1*rchar    RFC 2449 §8
    private mutating func readCode(at start: Int) throws(POP3ReplyError) {
        guard let close = text.firstIndex(of: 0x5D) else {
            // Servers without RESP-CODES may begin their text with a bracket.
            return
        }
        let levels = text[1..<close].split(separator: 0x2F, omittingEmptySubsequences: false)
        guard levels.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x5B } }) else {
            return
        }
        code = ASCII.uppercased(String(decoding: text[1..<close], as: UTF8.self))
        text.removeFirst(close + 1)
        if text.first == ASCII.space { text.removeFirst() }
    }
}

/// A row of LIST, UIDL or STAT: decimal numbers or a name behind a message number (RFC 1939 §5, §7).
package enum POP3Row {
    // scan-listing = nonzero-octet-digits SP number    RFC 1939 §5
    /// Two numbers with one space between; what follows the second, behind a space, is passed over (RFC 1939 §5).
    package static func numbers(_ row: [UInt8]) throws(POP3ReplyError) -> (Int, UInt64) {
        let first = row.prefix { ASCII.isDigit($0) }
        guard let number = Decimal.parse(first, maximum: UInt64(Int32.max)) else {
            throw POP3ReplyError(offset: 0, expected: "a number")
        }
        guard first.endIndex < row.count, row[first.endIndex] == ASCII.space else {
            throw POP3ReplyError(offset: first.endIndex, expected: "a space")
        }
        let start = first.endIndex + 1
        let second = row[start...].prefix { ASCII.isDigit($0) }
        guard let value = Decimal.parse(second) else { throw POP3ReplyError(offset: start, expected: "a number") }
        guard second.endIndex == row.count || row[second.endIndex] == ASCII.space else {
            throw POP3ReplyError(offset: second.endIndex, expected: "a space or the line's end")
        }
        return (Int(truncatingIfNeeded: number), value)
    }

    // unique-id-listing: message number, SP, 1 to 70 characters 0x21 to 0x7E    RFC 1939 §7
    package static func uniqueID(_ row: [UInt8]) throws(POP3ReplyError) -> (Int, [UInt8]) {
        let first = row.prefix { ASCII.isDigit($0) }
        guard let number = Decimal.parse(first, maximum: UInt64(Int32.max)), number > 0 else {
            throw POP3ReplyError(offset: 0, expected: "a message number")
        }
        guard first.endIndex < row.count, row[first.endIndex] == ASCII.space else {
            throw POP3ReplyError(offset: first.endIndex, expected: "a space")
        }
        let name = row[(first.endIndex + 1)...]
        if let bad = name.firstIndex(where: { $0 < 0x21 || $0 > 0x7E }) {
            throw POP3ReplyError(offset: bad, expected: "a character of a unique-id")
        }
        guard (1...70).contains(name.count) else {
            throw POP3ReplyError(offset: first.endIndex + 1, expected: "a unique-id of 1 to 70 characters")
        }
        return (Int(truncatingIfNeeded: number), Array(name))
    }
}
