// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a JSON text, and where.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// Offset in octets.
    public var offset: Int
    /// What would have been right there, in English; nothing of the text itself.
    public var expected: String

    /// One line without any of the text, so that it may be shown to whoever sent it.
    public var description: String { "\(expected) expected at octet \(offset)" }
}

/// How much of a JSON text is read before it is refused.
public struct JSONLimits: Sendable {
    /// Arrays and objects within one another; each costs stack.
    public var depth = 32
    /// Values in all; each costs memory well above its octets.
    public var values = 100_000
    /// Octets of the whole text; compared before any of it is read.
    public var octets = 1 << 20

    /// The limits above, for a caller to narrow or widen.
    public init() {}
}

extension JSONValue {
    /// Reads exactly one JSON text (RFC 8259 §2), strictly: UTF-8, unique member names, no lone surrogates, numbers
    /// that a `Double` can hold.
    ///
    /// Any octets may be given.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard bytes.count <= limits.octets else {
            throw JSONError(offset: limits.octets, expected: "a text of at most \(limits.octets) octets")
        }
        var parser = JSONParser(bytes: bytes, limits: limits)
        parser.skipBlanks()
        self = try parser.value(depth: 0)
        parser.skipBlanks()
        guard parser.offset == bytes.count else { throw parser.expected("the end") }
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    let limits: JSONLimits
    var offset = 0
    var values = 0

    init(bytes: [UInt8], limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func expected(_ what: String) -> JSONError { JSONError(offset: offset, expected: what) }

    // ws = *( %x20 / %x09 / %x0A / %x0D )    RFC 8259 §2
    mutating func skipBlanks() {
        while let octet = next, ASCII.isBlank(octet) || octet == ASCII.lf || octet == ASCII.cr { offset += 1 }
    }

    // value = false / null / true / object / array / number / string    RFC 8259 §3
    mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.values else { throw expected("an end: more than \(limits.values) values are too many;") }
        guard depth < limits.depth else { throw expected("an end: \(limits.depth) levels are too deep;") }
        switch next {
        case 0x7B: return try object(depth: depth)
        case 0x5B: return try array(depth: depth)
        case ASCII.quote: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        case .some(0x2D), .some(0x30...0x39): return try number()
        default: throw expected("a value")
        }
    }

    mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let text = Array("\(word)".utf8)
        guard bytes.count - offset >= text.count, bytes[offset..<offset + text.count].elementsEqual(text) else {
            throw expected("\"\(word)\"")
        }
        offset += text.count
        return value
    }

    mutating func expect(_ octet: UInt8, _ name: String) throws(JSONError) {
        guard next == octet else { throw expected(name) }
        offset += 1
    }

    mutating func take(_ octet: UInt8) -> Bool {
        guard next == octet else { return false }
        offset += 1
        return true
    }

    // array = begin-array [ value *( value-separator value ) ] end-array    RFC 8259 §5
    mutating func array(depth: Int) throws(JSONError) -> JSONValue {
        offset += 1
        skipBlanks()
        var items: [JSONValue] = []
        if take(0x5D) { return .array(items) }
        repeat {
            skipBlanks()
            items.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(0x2C)
        try expect(0x5D, "\",\" or \"]\"")
        return .array(items)
    }

    // object = begin-object [ member *( value-separator member ) ] end-object    RFC 8259 §4
    mutating func object(depth: Int) throws(JSONError) -> JSONValue {
        offset += 1
        skipBlanks()
        var members: [JSONMember] = []
        var names: Set<String> = []
        if take(0x7D) { return .object(members) }
        repeat {
            skipBlanks()
            guard next == ASCII.quote else { throw expected("a member name") }
            let start = offset
            let name = try string()
            guard names.insert(name).inserted else { throw JSONError(offset: start, expected: "another name") }
            skipBlanks()
            try expect(0x3A, "\":\"")
            skipBlanks()
            members.append(JSONMember(name, try value(depth: depth + 1)))
            skipBlanks()
        } while take(0x2C)
        try expect(0x7D, "\",\" or \"}\"")
        return .object(members)
    }

    // number = [ minus ] int [ frac ] [ exp ]    RFC 8259 §6
    mutating func number() throws(JSONError) -> JSONValue {
        let start = offset
        var isInteger = true
        _ = take(0x2D)
        if !take(0x30) { try digits() }
        if take(ASCII.dot) {
            isInteger = false
            try digits()
        }
        if let octet = next, octet | 0x20 == 0x65 {
            isInteger = false
            offset += 1
            if next == 0x2B || next == 0x2D { offset += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let number = Int64(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else {
            throw JSONError(offset: start, expected: "a number of moderate size")
        }
        return .number(number)
    }

    mutating func digits() throws(JSONError) {
        guard let first = next, ASCII.isDigit(first) else { throw expected("a digit") }
        while let octet = next, ASCII.isDigit(octet) { offset += 1 }
    }

    // string = quotation-mark *char quotation-mark    RFC 8259 §7
    mutating func string() throws(JSONError) -> String {
        let start = offset
        offset += 1
        var text: [UInt8] = []
        while let octet = next {
            switch octet {
            case ASCII.quote:
                offset += 1
                guard let valid = String(validating: text, as: UTF8.self) else {
                    throw JSONError(offset: start, expected: "UTF-8")
                }
                return valid
            case ASCII.backslash: try escape(into: &text)
            case 0..<0x20: throw expected("an escaped control character")
            default:
                text.append(octet)
                offset += 1
            }
        }
        throw expected("a closing quotation mark")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        offset += 1
        guard let octet = next else { throw expected("an escape") }
        offset += 1
        switch octet {
        case ASCII.quote, ASCII.backslash, 0x2F: text.append(octet)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(ASCII.lf)
        case 0x72: text.append(ASCII.cr)
        case 0x74: text.append(ASCII.tab)
        case 0x75: text.append(contentsOf: Character(try scalar()).utf8)
        default:
            offset -= 1
            throw expected("an escape")
        }
    }

    private mutating func scalar() throws(JSONError) -> Unicode.Scalar {
        let start = offset
        let first = try unit()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, take(ASCII.backslash), take(0x75) else {
            throw JSONError(offset: start, expected: "a pair of surrogates")
        }
        let second = try unit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw JSONError(offset: start, expected: "a pair of surrogates") }
        return scalar
    }

    private mutating func unit() throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let octet = next, let digit = Hex.value(of: octet) else { throw expected("four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }
}
