// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Which part of a message (RFC 9051 §6.4.5.1): what stands in the brackets of `BODY[...]`.
package struct SectionSpecifier: Hashable, Sendable {
    package enum Text: Hashable, Sendable {
        /// The whole message, or the body of the part.
        case all
        case header
        case headerFields([[UInt8]])
        case headerFieldsNot([[UInt8]])
        case text
        /// The MIME header of a part; never without part numbers.
        case mime
    }

    /// Part numbers from the outside in; empty for the message itself.
    package var part: [UInt32]
    package var text: Text

    package init(part: [UInt32] = [], text: Text = .all) {
        self.part = part
        self.text = text
    }

    /// Deepest part number path that is read.
    ///
    /// MIME nests no deeper in mail that people send.
    package static let maximumDepth = 128
    /// Most field names in one HEADER.FIELDS.
    package static let maximumFields = 256
}

/// `<offset.count>` behind a section (RFC 9051 §6.4.5).
package struct Partial: Hashable, Sendable {
    package var offset: UInt64
    /// At least 1.
    package var count: UInt64

    package init(offset: UInt64, count: UInt64) {
        self.offset = offset
        self.count = count
    }
}

extension WireScanner {
    // section = "[" [section-spec] "]"    RFC 9051 §9
    package mutating func section() throws(IMAPSyntaxError) -> SectionSpecifier {
        try expect(0x5B, "\"[\"")
        var section = SectionSpecifier()
        section.part = try partNumbers()
        if peek() != 0x5D {
            section.text = try sectionText(inPart: !section.part.isEmpty)
        }
        try expect(0x5D, "\"]\" after the section")
        return section
    }

    // section-binary = "[" [section-part] "]", behind the bracket that opens it    RFC 9051 §9
    package mutating func sectionBinary() throws(IMAPSyntaxError) -> [UInt32] {
        let numbers = try partNumbers()
        try expect(0x5D, "a part number or \"]\"")
        return numbers
    }

    // section-part = nz-number *("." nz-number); a dot behind it leads to section-text
    private mutating func partNumbers() throws(IMAPSyntaxError) -> [UInt32] {
        var numbers: [UInt32] = []
        while peek().map(ASCII.isDigit) == true {
            guard numbers.count < SectionSpecifier.maximumDepth else { throw failure("at most 128 part numbers") }
            numbers.append(try positiveNumber("a part number above 0"))
            guard accept(ASCII.dot) else { break }
            guard peek() != 0x5D else { throw failure("a part number, HEADER, TEXT or MIME after \".\"") }
        }
        return numbers
    }

    // section-text = section-msgtext / "MIME"
    private mutating func sectionText(inPart: Bool) throws(IMAPSyntaxError) -> SectionSpecifier.Text {
        let start = offset
        guard !inPart || bytes[..<offset].last == ASCII.dot else { throw failure("\".\" or \"]\"") }
        if acceptPrefix("HEADER.FIELDS.NOT ") { return .headerFieldsNot(try fieldNames()) }
        if acceptPrefix("HEADER.FIELDS ") { return .headerFields(try fieldNames()) }
        if acceptPrefix("HEADER"), peek() == 0x5D { return .header }
        rewind(to: start)
        if acceptPrefix("TEXT"), peek() == 0x5D { return .text }
        rewind(to: start)
        if inPart, acceptPrefix("MIME"), peek() == 0x5D { return .mime }
        throw failure(
            inPart ? "HEADER, HEADER.FIELDS, TEXT or MIME" : "HEADER, HEADER.FIELDS, TEXT or a part",
            at: start
        )
    }

    // header-list = "(" header-fld-name *(SP header-fld-name) ")"
    private mutating func fieldNames() throws(IMAPSyntaxError) -> [[UInt8]] {
        let start = offset
        let names = try list { (scanner) throws(IMAPSyntaxError) in try scanner.astring("a header field name") }
        guard names.count <= SectionSpecifier.maximumFields else {
            throw failure("at most \(SectionSpecifier.maximumFields) header field names", at: start)
        }
        return names
    }

    // partial = "<" number64 "." nz-number64 ">"    RFC 9051 §9
    package mutating func partial() throws(IMAPSyntaxError) -> Partial? {
        guard accept(0x3C) else { return nil }
        let first = try number64("the first octet")
        try expect(ASCII.dot, "\".\" between first octet and count")
        let start = offset
        let count = try number64("a count of octets above 0")
        guard count > 0 else { throw failure("a count of octets above 0", at: start) }
        try expect(0x3E, "\">\" after the count of octets")
        return Partial(offset: first, count: count)
    }
}

extension WireEncoder {
    package mutating func section(_ section: SectionSpecifier) {
        raw("[")
        for (index, number) in section.part.enumerated() {
            if index > 0 { raw(".") }
            self.number(number)
        }
        if !section.part.isEmpty, section.text != .all { raw(".") }
        switch section.text {
        case .all: break
        case .header: raw("HEADER")
        case .headerFields(let names): fields("HEADER.FIELDS ", names)
        case .headerFieldsNot(let names): fields("HEADER.FIELDS.NOT ", names)
        case .text: raw("TEXT")
        case .mime: raw("MIME")
        }
        raw("]")
    }

    private mutating func fields(_ keyword: StaticString, _ names: [[UInt8]]) {
        raw(keyword)
        list(names) { encoder, name in encoder.astring(name) }
    }
}
