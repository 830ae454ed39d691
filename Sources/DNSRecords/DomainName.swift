// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A domain name: labels of any octets (RFC 1035 §3.1, RFC 2181 §11), always absolute.
///
/// Equality ignores ASCII case (RFC 4343).
package struct DomainName: Sendable, Hashable, CustomStringConvertible {
    /// Of the wire form, with the root's length octet.
    package static let maximumOctets = 255
    package static let maximumLabelOctets = 63

    /// Uncompressed wire form: each label after its length, then a zero.
    package let wire: [UInt8]

    /// The name of the root, which is also the exchange of a null MX (RFC 7505).
    package static let root = DomainName(trusted: [0])

    private init(trusted wire: [UInt8]) { self.wire = wire }

    /// `nil` when a label is empty or longer than 63 octets, or the name longer than 255.
    package init?(labels: [[UInt8]]) {
        var wire: [UInt8] = []
        for label in labels {
            guard (1...Self.maximumLabelOctets).contains(label.count) else { return nil }
            wire.append(UInt8(label.count))
            wire.append(contentsOf: label)
        }
        wire.append(0)
        guard wire.count <= Self.maximumOctets else { return nil }
        self.init(trusted: wire)
    }

    /// Reads the text form (RFC 1035 §5.1): labels divided by dots, `\.`, `\\` and `\DDD` for octets; a final dot is
    /// allowed, and `.` is the root.
    package init?(_ text: String) {
        if text == "." {
            self = .root
            return
        }
        var labels: [[UInt8]] = []
        var label: [UInt8] = []
        let octets = Array(text.utf8)
        var index = 0
        while index < octets.count {
            switch octets[index] {
            case ASCII.dot:
                labels.append(label)
                label = []
            case ASCII.backslash:
                guard let (octet, length) = Self.escaped(octets[(index + 1)...]) else { return nil }
                label.append(octet)
                index += length
            case let octet: label.append(octet)
            }
            index += 1
        }
        if !label.isEmpty { labels.append(label) }
        guard !labels.isEmpty else { return nil }
        self.init(labels: labels)
    }

    /// What stands after a backslash: the octet, and how many octets of text say it.
    private static func escaped(_ rest: ArraySlice<UInt8>) -> (octet: UInt8, length: Int)? {
        guard let first = rest.first else { return nil }
        guard ASCII.isDigit(first) else { return (first, 1) }
        let digits = rest.prefix(3)
        guard digits.count == 3, digits.allSatisfy(ASCII.isDigit) else { return nil }
        let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
        return UInt8(exactly: value).map { ($0, 3) }
    }

    /// Reads a name at `offset` of a message, following compression pointers (RFC 1035 §4.1.4), and moves `offset` to
    /// what comes after it.
    ///
    /// A pointer leads to before the labels that end with it, so that there is no loop.
    init(in message: [UInt8], at offset: inout Int) throws(DNSSyntaxError) {
        var wire: [UInt8] = []
        var position = offset
        /// Where the labels that are being read began: a pointer has to lead to before it.
        var start = offset
        var end: Int?
        while true {
            guard position < message.count else { throw DNSSyntaxError(.truncated, at: position) }
            let length = Int(message[position])
            switch length & 0xC0 {
            case 0xC0:
                guard position + 1 < message.count else { throw DNSSyntaxError(.truncated, at: position) }
                let target = (length & 0x3F) << 8 | Int(message[position + 1])
                guard target < start else { throw DNSSyntaxError(.pointer, at: position) }
                end = end ?? position + 2
                (position, start) = (target, target)
            case 0 where length == 0:
                wire.append(0)
                offset = end ?? position + 1
                self.init(trusted: wire)
                return
            case 0:
                guard position + 1 + length <= message.count else { throw DNSSyntaxError(.truncated, at: position) }
                guard wire.count + length + 2 <= Self.maximumOctets else {
                    throw DNSSyntaxError(.nameLength, at: position)
                }
                wire.append(contentsOf: message[position...(position + length)])
                position += 1 + length
            default: throw DNSSyntaxError(.labelKind, at: position)
            }
        }
    }

    package var isRoot: Bool { wire.count == 1 }

    /// First label first, without the root's.
    package var labels: [ArraySlice<UInt8>] {
        var labels: [ArraySlice<UInt8>] = []
        var index = 0
        while index < wire.count, wire[index] != 0 {
            let end = index + 1 + Int(wire[index])
            labels.append(wire[(index + 1)..<end])
            index = end
        }
        return labels
    }

    /// The text form without a final dot; `.` for the root.
    package var description: String {
        if isRoot { return "." }
        return labels.map { $0.map(Self.shown).joined() }.joined(separator: ".")
    }

    private static func shown(_ octet: UInt8) -> String {
        switch octet {
        case ASCII.dot, ASCII.backslash: "\\" + String(UnicodeScalar(octet))
        case 0x21...0x7E: String(UnicodeScalar(octet))
        default: "\\" + String(repeating: "0", count: 3 - String(octet).count) + String(octet)
        }
    }

    /// With its ASCII letters in lower case.
    ///
    /// Length octets are below 64 and stay as they are.
    package var folded: [UInt8] { wire.map(ASCII.lower) }

    package static func == (a: Self, b: Self) -> Bool { a.wire == b.wire || a.folded == b.folded }
    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}
