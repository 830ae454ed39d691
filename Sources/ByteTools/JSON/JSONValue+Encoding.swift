// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// The text on one line, without spaces.
    ///
    /// No octet below 0x20 occurs in it, so it may stand as a line of a log.
    public var encoded: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// The text for people: two spaces for each depth, one member a line.
    public var indented: String {
        var bytes: [UInt8] = []
        append(to: &bytes, depth: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text to `bytes`.
    ///
    /// With a `depth`, over several lines.
    public func append(to bytes: inout [UInt8], depth: Int? = nil) {
        switch self {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let claim): bytes.append(contentsOf: (claim ? "true" : "false").utf8)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        case .number(let number): bytes.append(contentsOf: (number.isFinite ? "\(number)" : "null").utf8)
        case .string(let text): JSONText.append(text, to: &bytes)
        case .array(let items):
            Self.append(items, between: (0x5B, 0x5D), to: &bytes, depth: depth) { item, bytes, depth in
                item.append(to: &bytes, depth: depth)
            }
        case .object(let members):
            Self.append(members, between: (0x7B, 0x7D), to: &bytes, depth: depth) { member, bytes, depth in
                JSONText.append(member.name, to: &bytes)
                bytes.append(contentsOf: (depth == nil ? ":" : ": ").utf8)
                member.value.append(to: &bytes, depth: depth)
            }
        }
    }

    private static func append<Item>(
        _ items: [Item],
        between brackets: (UInt8, UInt8),
        to bytes: inout [UInt8],
        depth: Int?,
        each: (Item, inout [UInt8], Int?) -> Void
    ) {
        bytes.append(brackets.0)
        for (position, item) in items.enumerated() {
            if position > 0 { bytes.append(0x2C) }
            if let depth { newLine(depth + 1, to: &bytes) }
            each(item, &bytes, depth.map { $0 + 1 })
        }
        if let depth, !items.isEmpty { newLine(depth, to: &bytes) }
        bytes.append(brackets.1)
    }

    private static func newLine(_ depth: Int, to bytes: inout [UInt8]) {
        bytes.append(ASCII.lf)
        bytes.append(contentsOf: [UInt8](repeating: ASCII.space, count: depth * 2))
    }
}

/// Strings of JSON.
public enum JSONText {
    private static let hexadecimal = Array("0123456789abcdef".utf8)

    /// Appends `text` in quotes.
    ///
    /// Control characters, C1 ones too, are escaped: what is shown on a terminal then cannot steer it.
    public static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(ASCII.quote)
        var previous: UInt8 = 0
        for octet in text.utf8 {
            switch octet {
            case ASCII.quote, ASCII.backslash: bytes += [ASCII.backslash, octet]
            case ASCII.lf: bytes += [ASCII.backslash, 0x6E]
            case ASCII.cr: bytes += [ASCII.backslash, 0x72]
            case ASCII.tab: bytes += [ASCII.backslash, 0x74]
            case 0..<0x20, 0x7F: escape(octet, to: &bytes)
            case 0x80..<0xA0 where previous == 0xC2:
                bytes.removeLast()
                escape(octet, to: &bytes)
            default: bytes.append(octet)
            }
            previous = octet
        }
        bytes.append(ASCII.quote)
    }

    private static func escape(_ octet: UInt8, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "\\u00".utf8)
        bytes += [hexadecimal[Int(octet >> 4)], hexadecimal[Int(octet & 15)]]
    }
}
