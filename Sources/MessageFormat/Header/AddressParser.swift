// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads `address-list` (RFC 5322 §3.4, with the obsolete forms of §4.4) from anything.
///
/// One pass, no recursion: tokens gather until a comma, semicolon, colon or angle says what they were.
struct AddressParser {
    private struct Token {
        enum Kind { case text, quoted, at, literal }
        var kind: Kind
        var bytes: [UInt8]
        var followsSpace: Bool
    }

    private var scanner: FieldScanner
    private let maximum: Int
    private var addresses: [EnvelopeAddress] = []
    private var tokens: [Token] = []
    private var inGroup = false
    /// An angle address was just read; what follows up to the comma is not part of another.
    private var afterAngle = false
    /// An at sign is among `tokens`: a colon then is no group's.
    private var sawAt = false
    private(set) var overflowed = false

    init(_ value: [UInt8], maximum: Int) {
        scanner = FieldScanner(value)
        self.maximum = maximum
    }

    mutating func parse() -> [EnvelopeAddress] {
        while !overflowed {
            let spaced = scanner.skipCommentsAndSpace()
            guard let octet = scanner.current else { break }
            step(octet, spaced: spaced)
        }
        finishAddress()
        if inGroup { addresses.append(.groupEnd) }
        return addresses
    }

    private mutating func step(_ octet: UInt8, spaced: Bool) {
        switch octet {
        case UInt8(ascii: ","):
            scanner.advance()
            finishAddress()
        case UInt8(ascii: ";"):
            scanner.advance()
            finishAddress()
            if inGroup { append(.groupEnd) }
            inGroup = false
        case UInt8(ascii: ":") where !inGroup && !sawAt:
            scanner.advance()
            append(.groupStart(phrase(tokens[...])))
            inGroup = !overflowed
            reset()
        case UInt8(ascii: "<"):
            scanner.advance()
            angleAddress()
        default:
            tokens.append(takeToken(octet, spaced: spaced))
        }
    }

    private mutating func takeToken(_ octet: UInt8, spaced: Bool) -> Token {
        switch octet {
        case ASCII.quote:
            return Token(kind: .quoted, bytes: scanner.takeQuotedString(), followsSpace: spaced)
        case UInt8(ascii: "@"):
            scanner.advance()
            sawAt = true
            return Token(kind: .at, bytes: [octet], followsSpace: spaced)
        case UInt8(ascii: "["):
            var literal = scanner.take { !"]>,<".utf8.contains($0) }
            if scanner.take(UInt8(ascii: "]")) { literal.append(UInt8(ascii: "]")) }
            return Token(kind: .literal, bytes: literal, followsSpace: spaced)
        default:
            var text = scanner.take(while: Self.isText)
            if text.isEmpty {
                text = [octet]
                scanner.advance()
            }
            return Token(kind: .text, bytes: text, followsSpace: spaced)
        }
    }

    /// Octets of an atom, its dots, and whatever else cannot be structure.
    private static func isText(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "("), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "@"), UInt8(ascii: ","),
            UInt8(ascii: ";"), UInt8(ascii: ":"), ASCII.quote, UInt8(ascii: "["):
            false
        default:
            !FieldScanner.isWhitespace(octet)
        }
    }

    // angle-addr = [CFWS] "<" [obs-route] addr-spec ">" [CFWS]    RFC 5322 §3.4, §4.4
    private mutating func angleAddress() {
        let name = phrase(tokens[...])
        let hadWords = !tokens.isEmpty
        tokens = []
        var spaced = scanner.skipCommentsAndSpace()
        while let octet = scanner.current {
            if octet == UInt8(ascii: ">") {
                scanner.advance()
                break
            }
            if octet == UInt8(ascii: ",") && tokens.first?.kind != .at { break }
            if octet == UInt8(ascii: "<") || octet == UInt8(ascii: ";") { break }
            tokens.append(takeToken(octet, spaced: spaced))
            spaced = scanner.skipCommentsAndSpace()
        }
        let route = takeRoute()
        let (local, host, _) = Self.split(tokens[...], everythingIsAddress: true)
        scanner.skipCommentsAndSpace()
        append(EnvelopeAddress(name: hadWords ? name : commentName(), route: route, mailbox: local, host: host))
        reset()
        afterAngle = true
    }

    // obs-route = obs-domain-list ":"    RFC 5322 §4.4
    private mutating func takeRoute() -> [UInt8]? {
        guard tokens.first?.kind == .at,
            let colon = tokens.firstIndex(where: { $0.kind == .text && $0.bytes == [UInt8(ascii: ":")] })
        else { return nil }
        let route = tokens[..<colon].flatMap(\.bytes)
        tokens.removeSubrange(...colon)
        return route
    }

    private mutating func finishAddress() {
        defer { reset() }
        guard !tokens.isEmpty, !afterAngle else { return }
        let (local, host, words) = Self.split(tokens[...], everythingIsAddress: false)
        let name = words.isEmpty ? commentName() : phrase(words)
        append(EnvelopeAddress(name: name, mailbox: local, host: host))
    }

    private mutating func reset() {
        tokens = []
        sawAt = false
        afterAngle = false
        scanner.forgetComment()
    }

    private mutating func append(_ address: EnvelopeAddress) {
        guard addresses.count < maximum else {
            overflowed = true
            return
        }
        addresses.append(address)
    }

    private func commentName() -> [UInt8]? {
        guard let comment = scanner.comment else { return nil }
        let trimmed = comment.trimmedBlanks
        return trimmed.isEmpty ? nil : trimmed
    }

    // phrase = 1*word / obs-phrase    RFC 5322 §3.2.5
    private func phrase(_ words: ArraySlice<Token>) -> [UInt8] {
        var text: [UInt8] = []
        for word in words {
            if !text.isEmpty, word.followsSpace { text.append(ASCII.space) }
            text += word.bytes
        }
        return text
    }

    /// Divides at the last at sign.
    ///
    /// Without one, a single word is a mailbox and several are a name.
    private static func split(
        _ tokens: ArraySlice<Token>,
        everythingIsAddress: Bool
    ) -> (local: [UInt8], host: [UInt8], words: ArraySlice<Token>) {
        guard let at = tokens.lastIndex(where: { $0.kind == .at }) else {
            let isMailbox = everythingIsAddress || (tokens.count == 1 && tokens.first?.kind == .text)
            return isMailbox ? (tokens.flatMap(\.bytes), [], []) : ([], [], tokens)
        }
        var first = everythingIsAddress ? tokens.startIndex : at
        while first > tokens.startIndex, first == at || joins(tokens[first - 1], tokens[first]) { first -= 1 }
        var last = at + 1
        while last < tokens.endIndex,
            everythingIsAddress || last == at + 1 || joins(tokens[last - 1], tokens[last])
        {
            last += 1
        }
        return (
            tokens[first..<at].flatMap(\.bytes), tokens[(at + 1)..<last].flatMap(\.bytes),
            tokens[tokens.startIndex..<first]
        )
    }

    /// True for two words of one `obs-local-part` or `obs-domain`: nothing between them, or a dot.
    private static func joins(_ a: Token, _ b: Token) -> Bool {
        if !b.followsSpace { return true }
        return (a.kind == .text && a.bytes.last == ASCII.dot) || (b.kind == .text && b.bytes.first == ASCII.dot)
    }
}

extension [UInt8] {
    /// Without white space at both ends.
    var trimmedBlanks: [UInt8] {
        guard let first = firstIndex(where: { !FieldScanner.isWhitespace($0) }),
            let last = lastIndex(where: { !FieldScanner.isWhitespace($0) })
        else { return [] }
        return Array(self[first...last])
    }
}
