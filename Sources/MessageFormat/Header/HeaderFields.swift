// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One header field, as ranges of the bytes it was found in.
package struct HeaderField: Sendable, Hashable {
    /// The field name, without the blanks that may precede the colon (RFC 5322 §4.5).
    ///
    /// Empty for a line that is no field.
    package var name: Range<Int>
    /// What follows the colon, folded as it is, without the last line end.
    package var value: Range<Int>
    /// The whole field with its last line end.
    package var whole: Range<Int>
}

/// The fields of a header in order, found while iterating: nothing is collected, so a header may be of any size.
///
/// Takes anything. Ends after the first empty line; a line that is neither a field nor its continuation is a field
/// without name.
package struct HeaderFields: Sequence, IteratorProtocol, Sendable {
    package let bytes: [UInt8]
    private var offset = 0

    /// `bytes`: a header, with or without the empty line and what follows it.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package mutating func next() -> HeaderField? {
        let start = offset
        guard start < bytes.count else { return nil }
        let field = bytes.withView { HeaderField.read(at: start, in: $0) }
        offset = field?.whole.upperBound ?? bytes.count
        return field
    }

    /// The value without line ends and without blanks at its ends: raw octets, encoded-words undecoded.
    package func unfolded(_ field: HeaderField) -> [UInt8] {
        bytes.withView { $0.unfolded(field.value, maximum: .max) }
    }

    /// The unfolded values of all fields with this name, ASCII case ignored.
    package func values(of name: String) -> [[UInt8]] {
        HeaderFields(bytes).filter { isNamed(name, $0) }.map(unfolded)
    }

    /// True when the field has this name, ASCII case ignored.
    package func isNamed(_ name: String, _ field: HeaderField) -> Bool {
        bytes[field.name.clamped(to: 0..<bytes.count)].equalsIgnoringCase(name)
    }

    /// What BODY[HEADER.FIELDS ...] returns: the fields with these names, or with `except` those without, each as it
    /// stands, in the header's order, then an empty line (RFC 9051 §6.4.5.1).
    package func subset(_ names: [[UInt8]], except: Bool = false) -> [UInt8] {
        let wanted = Set(names.map { $0.map(ASCII.lower) })
        var subset: [UInt8] = []
        for field in HeaderFields(bytes) {
            let name = bytes[field.name.clamped(to: 0..<bytes.count)].map(ASCII.lower)
            guard wanted.contains(name) != except, except || !name.isEmpty else { continue }
            subset += bytes[field.whole.clamped(to: 0..<bytes.count)]
            if subset.last != ASCII.lf { subset += [ASCII.cr, ASCII.lf] }
        }
        return subset + [ASCII.cr, ASCII.lf]
    }
}

extension HeaderField {
    // field = field-name ":" unstructured CRLF    RFC 5322 §2.2; obs-optional allows blanks before the colon
    /// The field that begins at `start`, or `nil` when an empty line or the end is there.
    static func read(at start: Int, in view: ByteView) -> HeaderField? {
        guard start < view.count else { return nil }
        var (end, next, terminated) = view.line(at: start)
        guard end > start || !terminated else { return nil }
        let firstEnd = end
        while let octet = view[next], ASCII.isBlank(octet) { (end, next, terminated) = view.line(at: next) }
        let whole = start..<next
        guard let colon = view.firstIndex(of: UInt8(ascii: ":"), in: start..<firstEnd),
            let name = fieldName(start..<colon, in: view)
        else { return HeaderField(name: start..<start, value: start..<end, whole: whole) }
        return HeaderField(name: name, value: (colon + 1)..<Swift.max(colon + 1, end), whole: whole)
    }

    private static func fieldName(_ range: Range<Int>, in view: ByteView) -> Range<Int>? {
        var end = range.upperBound
        while end > range.lowerBound, let octet = view[end - 1], ASCII.isBlank(octet) { end -= 1 }
        for index in range.lowerBound..<end {
            guard let octet = view[index], octet > ASCII.space, octet != 0x7F else { return nil }
        }
        return end > range.lowerBound ? range.lowerBound..<end : nil
    }
}

extension ByteView {
    /// The octets of `range` without CR, LF and NUL, blanks at both ends dropped, at most `maximum` of them.
    func unfolded(_ range: Range<Int>, maximum: Int) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(Swift.min(range.count, maximum))
        for index in range {
            guard let octet = self[index], value.count < maximum else { break }
            if octet == ASCII.cr || octet == ASCII.lf || octet == ASCII.null { continue }
            if value.isEmpty, ASCII.isBlank(octet) { continue }
            value.append(octet)
        }
        while let last = value.last, ASCII.isBlank(last) { value.removeLast() }
        return value
    }
}
