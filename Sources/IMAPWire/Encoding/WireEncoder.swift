// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// Writes tokens so that they are always valid: each method picks the form its octets need.
package struct WireEncoder: Sendable {
    /// How a literal is announced.
    package enum LiteralForm: Sendable, Hashable {
        /// `{5}`: what a server sends, and a client that waits for leave.
        case plain
        /// `{5+}`: what a client sends without waiting (RFC 7888 §4).
        case nonSynchronizing
    }

    package var bytes: [UInt8] = []
    package var literalForm: LiteralForm
    package let textForm: TextForm

    /// Longest text that is sent quoted; longer ones go as literals, which no peer must scan.
    private static let maximumQuotedOctets = 1000

    package init(literalForm: LiteralForm = .plain, textForm: TextForm = .modifiedUTF7) {
        self.literalForm = literalForm
        self.textForm = textForm
    }

    /// Grammar's own octets: keywords, parentheses, spaces.
    package mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Octets that are known to be valid where they stand.
    ///
    /// The most used kinds have functions of their own, as numbers have: a generic one that is called from another module
    /// costs many times what it does.
    package mutating func raw(_ octets: some Sequence<UInt8>) { bytes.append(contentsOf: octets) }
    package mutating func raw(_ octets: [UInt8]) { bytes += octets }
    package mutating func raw(_ octets: String.UTF8View) { bytes.append(contentsOf: octets) }

    package mutating func space() { bytes.append(ASCII.space) }

    package mutating func lineEnd() {
        bytes.append(ASCII.cr)
        bytes.append(ASCII.lf)
    }

    package mutating func number(_ value: UInt32) { Decimal.append(UInt64(value), to: &bytes) }
    package mutating func number(_ value: UInt64) { Decimal.append(value, to: &bytes) }

    /// string: quoted where every octet is printable ASCII, else a literal.
    ///
    /// Of arrays only, so that other modules need no generic code for it: this runs ten times and more for each
    /// envelope.
    package mutating func string(_ octets: [UInt8]) { string(octets.span) }

    /// As above, of a part of an array, which is not copied out of it; `place` is within the array.
    package mutating func string(_ octets: [UInt8], _ place: Range<Int>) {
        string(octets.span.extracting(place))
    }

    private mutating func string(_ octets: Span<UInt8>) {
        guard octets.count <= Self.maximumQuotedOctets else { return literal(octets) }
        // Looked at to its end, without a branch: the processor takes many octets at once.
        var (others, escapes): (UInt8, UInt8) = (0, 0)
        for index in octets.indices {
            let octet = octets[index]
            others |= octet &- 0x20 > 0x5E ? 1 : 0
            escapes |= octet == ASCII.quote || octet == ASCII.backslash ? 1 : 0
        }
        others == 0 ? quoted(octets, needsEscapes: escapes != 0) : literal(octets)
    }

    private mutating func quoted(_ octets: Span<UInt8>, needsEscapes: Bool) {
        bytes.append(ASCII.quote)
        if needsEscapes {
            for index in octets.indices {
                let octet = octets[index]
                if octet == ASCII.quote || octet == ASCII.backslash { bytes.append(ASCII.backslash) }
                bytes.append(octet)
            }
        } else {
            append(octets)
        }
        bytes.append(ASCII.quote)
    }

    private mutating func append(_ octets: Span<UInt8>) {
        unsafe octets.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func literal(_ octets: Span<UInt8>) {
        literalHeader(count: UInt64(octets.count))
        append(octets)
    }

    package mutating func nstring(_ octets: [UInt8]?) {
        if let octets { string(octets) } else { raw("NIL") }
    }

    /// As above, of a part of an array.
    package mutating func nstring(_ octets: [UInt8], _ place: Range<Int>?) {
        if let place { string(octets, place) } else { raw("NIL") }
    }

    /// astring: an atom where it can be one.
    ///
    /// `NIL` is quoted, since readers take the atom for the absence of a string.
    package mutating func astring(_ octets: some Collection<UInt8>) {
        astring(Array(octets))
    }

    /// As above, of an array.
    package mutating func astring(_ octets: [UInt8]) {
        let isAtom =
            !octets.isEmpty && octets.allSatisfy { CharacterClass.of($0).contains(.astring) }
            && !ASCII.equalIgnoringCase(octets, "NIL".utf8)
        if isAtom { bytes += octets } else { string(octets) }
    }

    package mutating func literal(_ octets: [UInt8]) {
        literalHeader(count: UInt64(octets.count))
        bytes += octets
    }

    /// `{count}` and the line end; the caller sends the octets.
    package mutating func literalHeader(count: UInt64) {
        raw("{")
        number(count)
        raw(literalForm == .nonSynchronizing ? "+}" : "}")
        lineEnd()
    }

    /// A name, which has no control characters.
    package mutating func mailbox(_ name: String) {
        let isPlain = textForm == .modifiedUTF7 || name.utf8.allSatisfy { $0 < 0x80 }
        guard !isPlain else { return astring(mailboxOctets(name)) }
        let octets = Array(name.utf8)
        quoted(octets.span, needsEscapes: true)
    }

    /// Text without control characters: quoted where the form that is in force has it so.
    mutating func preview(_ text: [UInt8]) {
        guard textForm == .utf8, text.count <= Self.maximumQuotedOctets else { return string(text) }
        quoted(text.span, needsEscapes: true)
    }

    func mailboxOctets(_ name: String) -> [UInt8] {
        textForm == .utf8 ? Array(name.utf8) : ModifiedUTF7.encode(name)
    }

    /// `~{count}` and the line end: what follows may hold NUL (RFC 9051 §4.3.1).
    package mutating func literal8Header(count: UInt64) {
        raw("~")
        literalHeader(count: count)
    }

    /// A literal, as literal8 where NUL makes it one.
    package mutating func binaryLiteral(_ octets: [UInt8]) {
        if octets.contains(0) { raw("~") }
        literal(octets)
    }

    package mutating func dateTime(_ date: MailDate) {
        raw("\"")
        raw(date.internalDateText.utf8)
        raw("\"")
    }

    package mutating func date(_ date: CalendarDate) {
        number(UInt64(clamping: date.day))
        raw("-")
        raw(MailDate.months[date.month - 1].utf8)
        raw("-")
        raw(String(repeating: "0", count: max(0, 4 - String(date.year).utf8.count)).utf8)
        number(UInt64(clamping: date.year))
    }

    /// Items with single spaces between, inside parentheses.
    package mutating func list<Items: Sequence>(_ items: Items, _ item: (inout WireEncoder, Items.Element) -> Void) {
        raw("(")
        for (index, element) in items.enumerated() {
            if index > 0 { space() }
            item(&self, element)
        }
        raw(")")
    }

    /// Text for people (resp-text): never empty, one line, 7 bit (RFC 3501 §9 "text").
    ///
    /// Its end is never that of a literal's announcement, which those look for who read without the grammar.
    package mutating func text(_ text: String) {
        if text.isEmpty { raw("-") }
        raw(text.utf8.map { $0 < 0x20 || $0 > 0x7E ? 0x3F : $0 })
        if text.utf8.last == 0x7D { raw(".") }
    }
}
