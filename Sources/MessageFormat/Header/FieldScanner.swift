// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Walks the value of one structured header field (RFC 5322 §3.2).
///
/// Takes anything; never leaves its bytes.
struct FieldScanner {
    let bytes: [UInt8]
    private(set) var offset = 0
    /// The last comment that was passed, without its parentheses; `nil` when none was.
    private(set) var comment: [UInt8]?

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }
    var isAtEnd: Bool { offset >= bytes.count }
    mutating func advance() { if !isAtEnd { offset += 1 } }
    mutating func forgetComment() { comment = nil }

    mutating func take(_ octet: UInt8) -> Bool {
        guard current == octet else { return false }
        advance()
        return true
    }

    static func isWhitespace(_ octet: UInt8) -> Bool {
        ASCII.isBlank(octet) || octet == ASCII.cr || octet == ASCII.lf
    }

    /// Passes white space and comments (`CFWS`); true when there was any.
    @discardableResult
    mutating func skipCommentsAndSpace() -> Bool {
        let start = offset
        while let octet = current {
            if Self.isWhitespace(octet) {
                advance()
            } else if octet == UInt8(ascii: "(") {
                comment = takeComment()
            } else {
                break
            }
        }
        return offset > start
    }

    // comment = "(" *([FWS] ccontent) [FWS] ")"    RFC 5322 §3.2.2; nesting is counted, not recursed into
    private mutating func takeComment() -> [UInt8] {
        var text: [UInt8] = []
        var depth = 0
        while let octet = current {
            advance()
            switch octet {
            case UInt8(ascii: "("):
                depth += 1
                if depth > 1 { text.append(octet) }
            case UInt8(ascii: ")"):
                depth -= 1
                if depth == 0 { return text }
                text.append(octet)
            case ASCII.backslash:
                if let escaped = current {
                    text.append(escaped)
                    advance()
                }
            default:
                text.append(octet)
            }
        }
        return text
    }

    // quoted-string = DQUOTE *([FWS] qcontent) [FWS] DQUOTE    RFC 5322 §3.2.4; one without its end reaches to the end
    /// The content of the quoted-string that begins here, without its escapes.
    mutating func takeQuotedString() -> [UInt8] {
        var text: [UInt8] = []
        guard take(ASCII.quote) else { return text }
        while let octet = current {
            advance()
            if octet == ASCII.quote { break }
            if octet == ASCII.backslash, let escaped = current {
                text.append(escaped)
                advance()
            } else {
                text.append(octet)
            }
        }
        return text
    }

    /// The octets from here on for which `isPart` holds.
    mutating func take(while isPart: (UInt8) -> Bool) -> [UInt8] {
        let start = offset
        while let octet = current, isPart(octet) { advance() }
        return Array(bytes[start..<offset])
    }

    /// `token` of RFC 2045 §5.1, with octets above 127 let in.
    mutating func takeToken() -> [UInt8] { take(while: Self.isTokenOctet) }

    static func isTokenOctet(_ octet: UInt8) -> Bool {
        octet > ASCII.space && octet != 0x7F && !tokenSpecials[Int(octet)]
    }

    private static let tokenSpecials: [Bool] = {
        var table = [Bool](repeating: false, count: 256)
        for octet in "()<>@,;:\\\"/[]?=".utf8 { table[Int(octet)] = true }
        return table
    }()
}

extension Sequence<UInt8> {
    /// True when these are the octets of `text`, ASCII case ignored.
    ///
    /// In this module, because the compiler does not specialise generic functions of other modules, and this is asked
    /// some hundred times a message.
    func equalsIgnoringCase(_ text: String) -> Bool {
        var octets = makeIterator()
        for wanted in text.utf8 {
            guard let octet = octets.next(), ASCII.lower(octet) == ASCII.lower(wanted) else { return false }
        }
        return octets.next() == nil
    }
}
