// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// What stands in front of a message that APPEND or REPLACE brings.
package struct AppendMessage: Hashable, Sendable {
    package var flags: FlagSet
    package var internalDate: MailDate?
    /// How the message follows.
    package var literal: LiteralMarker
    /// Whether it stands in `UTF8 (...)`, since its header has UTF-8 (RFC 6855 §4).
    package var isUTF8: Bool

    package init(
        flags: FlagSet = .none,
        internalDate: MailDate? = nil,
        literal: LiteralMarker,
        isUTF8: Bool = false
    ) {
        self.flags = flags
        self.internalDate = internalDate
        self.literal = literal
        self.isUTF8 = isUTF8
    }

    // append-message = [SP flag-list] [SP date-time] SP append-data; append-data = literal / literal8    RFC 9051 §9
    // append-data =/ "UTF8" SP "(" literal8 ")"    RFC 6855 §4
    /// Behind the space.
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        flags = .none
        if scanner.peek() == 0x28 {
            flags = try scanner.flagList()
            try scanner.space()
        }
        if scanner.peek() == 0x22 {
            internalDate = try scanner.dateTime()
            try scanner.space()
        }
        isUTF8 = scanner.acceptPrefix("UTF8 (")
        literal = try scanner.literalMarker()
        guard !isUTF8 || literal.isBinary else { throw scanner.failure("a literal8 in UTF8 (...)") }
    }

    package func encode(to encoder: inout WireEncoder) {
        if !flags.isEmpty {
            encoder.flagList(flags)
            encoder.space()
        }
        if let internalDate {
            encoder.dateTime(internalDate)
            encoder.space()
        }
        if isUTF8 { encoder.raw("UTF8 (") }
        encoder.raw(literal.isBinary ? "~{" : "{")
        encoder.number(literal.count)
        encoder.raw(literal.isSynchronizing ? "}" : "+}")
    }

    /// What follows the octets of a message on its line: nothing, or the head of the next one (RFC 3502 §6.3.11).
    ///
    /// - Parameter line: without its line end.
    package func next(in line: [UInt8]) throws(IMAPSyntaxError) -> AppendMessage? {
        var scanner = WireScanner(line)
        if isUTF8 { try scanner.close() }
        if scanner.isAtEnd { return nil }
        try scanner.space()
        let next = try AppendMessage(parsing: &scanner)
        try scanner.end("the end of the line behind the size of a message")
        return next
    }
}

extension WireScanner {
    /// The announcement of a literal whose octets are not in the frame; passes over its line end if that is.
    fileprivate mutating func literalMarker() throws(IMAPSyntaxError) -> LiteralMarker {
        let isBinary = accept(0x7E)
        try expect(0x7B, "the message as a literal")
        let count = try number64("the size of the message")
        let isSynchronizing = !accept(0x2B)
        try expect(0x7D, "\"}\"")
        if accept(ASCII.cr) { try expect(ASCII.lf, "a line end") }
        return LiteralMarker(count: count, isSynchronizing: isSynchronizing, isBinary: isBinary)
    }
}
