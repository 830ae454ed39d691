// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The header fields of a message, numbered as filters number them.
///
/// While one filter's changes are applied, deleted fields keep their place, so that numbers mean what they meant when
/// the filter saw the message.
package struct HeaderBlock: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package var name: [UInt8]
        /// As it stands in the message, with its line end.
        package var raw: [UInt8]
        fileprivate var isDeleted = false

        fileprivate init(name: [UInt8], raw: [UInt8]) {
            self.name = name
            self.raw = raw
        }
    }

    /// Octets that the header section may have after a filter's changes.
    package static let maximumOctets = 4 << 20

    private var fields: [Field] = []

    /// Reads a header section without the empty line behind it; every octet is kept.
    package init(_ octets: [UInt8]) {
        var start = 0
        while start < octets.count {
            var end = Self.lineEnd(octets, from: start)
            while end < octets.count, ASCII.isBlank(octets[end]) { end = Self.lineEnd(octets, from: end) }
            let raw = Array(octets[start..<end])
            let colon = raw.firstIndex(of: 0x3A) ?? 0
            var name = raw[..<colon]
            while let last = name.last, ASCII.isBlank(last) { name.removeLast() }
            fields.append(Field(name: Array(name), raw: raw))
            start = end
        }
    }

    private static func lineEnd(_ octets: [UInt8], from start: Int) -> Int {
        octets[start...].firstIndex(of: ASCII.lf).map { $0 + 1 } ?? octets.count
    }

    /// Names and values as a filter gets them: lines of a folded value end with LF, the last with nothing.
    ///
    /// - Parameter keepsSpace: with the blank behind the colon.
    package func forFilter(keepsSpace: Bool) -> [(name: [UInt8], value: [UInt8])] {
        fields.filter { !$0.isDeleted }.map { field in
            let colon = field.raw.firstIndex(of: 0x3A) ?? -1
            var value = field.raw[(colon + 1)...]
            if value.last == ASCII.lf { value.removeLast() }
            if value.last == ASCII.cr { value.removeLast() }
            if !keepsSpace, let first = value.first, ASCII.isBlank(first) { value.removeFirst() }
            var lines: [UInt8] = []
            lines.reserveCapacity(value.count)
            for (index, octet) in zip(value.indices, value) {
                let isBeforeLF = octet == ASCII.cr && index + 1 < value.endIndex && value[index + 1] == ASCII.lf
                if !isBeforeLF { lines.append(octet) }
            }
            return (field.name, lines)
        }
    }

    /// The octets of the section.
    package var encoded: [UInt8] { fields.filter { !$0.isDeleted }.flatMap(\.raw) }

    /// Does what a filter asked for, as far as it concerns header fields.
    ///
    /// - Parameter bringsSpace: values come with the blank that stands behind the colon.
    /// - Returns: false when nothing can be made of it: a name that is none, or too much.
    @discardableResult
    package mutating func apply(_ change: MilterChange, bringsSpace: Bool) -> Bool {
        switch change {
        case .addHeader(let name, let value):
            guard let field = Self.field(name, value, bringsSpace) else { return false }
            fields.append(field)
        case .insertHeader(let place, let name, let value):
            guard let field = Self.field(name, value, bringsSpace) else { return false }
            fields.insert(field, at: Int(clamping: min(place, UInt32(clamping: fields.count))))
        case .changeHeader(let number, let name, let value): return replace(number, name, value, bringsSpace)
        default: return true
        }
        return true
    }

    private mutating func replace(_ number: UInt32, _ name: [UInt8], _ value: [UInt8], _ bringsSpace: Bool) -> Bool {
        let places = fields.indices.filter { ASCII.equalIgnoringCase(fields[$0].name, name) }
        let wanted = Int(clamping: max(number, 1)) - 1
        guard wanted < places.count else {
            guard !value.isEmpty else { return true }
            guard let field = Self.field(name, value, bringsSpace) else { return false }
            fields.append(field)
            return true
        }
        guard !value.isEmpty else {
            fields[places[wanted]].isDeleted = true
            return true
        }
        guard let field = Self.field(name, value, bringsSpace) else { return false }
        fields[places[wanted]] = field
        return true
    }

    /// Forgets what was deleted, before the next filter counts.
    package mutating func settle() { fields.removeAll(where: \.isDeleted) }

    package var octetCount: Int { fields.reduce(0) { $0 + ($1.isDeleted ? 0 : $1.raw.count) } }

    // field = field-name ":" unstructured CRLF    RFC 5322 §3.6.8
    private static func field(_ name: [UInt8], _ value: [UInt8], _ bringsSpace: Bool) -> Field? {
        guard !name.isEmpty, name.count <= 256, value.count <= maximumOctets,
            name.allSatisfy({ $0 > ASCII.space && $0 < 0x7F && $0 != 0x3A })
        else { return nil }
        var raw = name + [0x3A]
        if !bringsSpace { raw.append(ASCII.space) }
        // CR LF, LF and CR are all line ends of a filter; none but the last may be followed by what begins a field.
        var lines = value.filter { $0 != ASCII.cr && $0 != 0 }.split(
            separator: ASCII.lf,
            omittingEmptySubsequences: false
        )
        while lines.count > 1, lines.last?.isEmpty ?? false { lines.removeLast() }
        for (index, line) in lines.enumerated() {
            // A line of blanks only would end the header section for some readers.
            guard index == 0 || line.contains(where: { !ASCII.isBlank($0) }) else { continue }
            if index > 0 {
                raw += [ASCII.cr, ASCII.lf]
                if let first = line.first, !ASCII.isBlank(first) { raw.append(ASCII.tab) }
            }
            raw += line
        }
        return Field(name: name, raw: raw + [ASCII.cr, ASCII.lf])
    }
}
