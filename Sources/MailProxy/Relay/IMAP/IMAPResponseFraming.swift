// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A response as far as a relay looks at it.
enum IMAPRelayedResponse: Sendable, Hashable {
    case continuation
    /// The word after the asterisk, upper case, at most 16 octets.
    case untagged(String)
    /// What ENABLE has switched on (RFC 5161 §3.2). The back-end also tells the front-end what a command switched on by
    /// itself, which is not for the client.
    case enabled([[UInt8]], isForClient: Bool)
    /// The status word: `OK`, `NO` or `BAD`.
    case tagged([UInt8], String)

    init(head: [UInt8]) {
        let line = head.last == ASCII.cr ? head.dropLast() : head[...]
        let words = line.split(separator: ASCII.space, maxSplits: 2, omittingEmptySubsequences: false)
        let first = words.first ?? []
        let second = words.count > 1 ? String(decoding: words[1].prefix(16).map(ASCII.upper), as: UTF8.self) : ""
        if first.elementsEqual("+".utf8) {
            self = .continuation
        } else if first.elementsEqual("*".utf8), second == "ENABLED" || second == "MARTLET-ENABLED" {
            let names = words.count > 2 ? words[2].split(separator: ASCII.space).map { Array($0) } : []
            self = .enabled(names, isForClient: second == "ENABLED")
        } else if first.elementsEqual("*".utf8) {
            self = .untagged(second)
        } else {
            self = .tagged(Array(first), second)
        }
    }
}

extension IMAPRelayedResponse {
    var isForClient: Bool { if case .enabled(_, isForClient: false) = self { false } else { true } }
}

/// Cuts the back-end's octets into responses, by lines and literals.
struct IMAPResponseFraming: Sendable {
    private static let headLimit = 1280

    private var literal: UInt64 = 0
    private(set) var hasBegun = false
    /// A literal of the response has begun.
    private(set) var hasLiteral = false
    private var head: [UInt8] = []
    private var lineEnd = IMAPLineEnd()

    /// Consumes octets up to the end of a response, or all of them.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> (consumed: Int, response: IMAPRelayedResponse?) {
        var rest = bytes
        while !rest.isEmpty {
            if literal > 0 {
                let count = Int(clamping: min(literal, UInt64(rest.count)))
                literal -= UInt64(count)
                rest = rest.dropFirst(count)
                continue
            }
            let end = rest.firstIndex(of: ASCII.lf)
            add(rest[..<(end ?? rest.endIndex)])
            rest = end.map { rest[($0 + 1)...] } ?? []
            if end != nil, let response = endLine() { return (bytes.count - rest.count, response) }
        }
        return (bytes.count, nil)
    }

    private mutating func add(_ octets: ArraySlice<UInt8>) {
        hasBegun = true
        if !hasLiteral, head.count < Self.headLimit { head += octets.prefix(Self.headLimit - head.count) }
        lineEnd.add(octets)
    }

    private mutating func endLine() -> IMAPRelayedResponse? {
        if let announced = lineEnd.end(), hasLiteral || !Self.isStatus(head) {
            literal = announced.octets
            hasLiteral = true
            return nil
        }
        defer { self = IMAPResponseFraming() }
        return IMAPRelayedResponse(head: head)
    }
}

extension IMAPResponseFraming {
    /// Whether a line is one whose end is text for people, which announces no literal (RFC 9051 §9: `resp-text`); false
    /// within a response code.
    private static func isStatus(_ head: [UInt8]) -> Bool {
        let words = head.split(separator: ASCII.space, maxSplits: 2, omittingEmptySubsequences: false)
        if words.first?.elementsEqual("+".utf8) ?? false { return true }
        guard words.count > 2, words[1].count <= 7,
            ["OK", "NO", "BAD", "BYE", "PREAUTH"].contains(String(decoding: words[1], as: UTF8.self).uppercased())
        else { return false }
        return words[2].first != 0x5B || words[2].contains(0x5D)
    }

    private static let asterisk: UInt8 = 0x2A
    private static let closingBrace: UInt8 = 0x7D

    /// How many octets from the start of a response on are whole responses that begin with a number (`* 3 FETCH`,
    /// `* 7 EXISTS`), literals and all: a relay has nothing to learn from them.
    static func numbered(_ bytes: ArraySlice<UInt8>) -> Int {
        unsafe bytes.withUnsafeBytes { octets in
            var start = 0
            while octets.count - start > 4, unsafe octets[start] == asterisk,
                unsafe octets[start + 1] == ASCII.space, unsafe ASCII.isDigit(octets[start + 2]),
                let end = unsafe responseEnd(in: octets, from: start)
            {
                start = end
            }
            return start
        }
    }

    /// Behind the last line end of the response that begins at `start`; `nil` when it goes beyond these octets.
    private static func responseEnd(in octets: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var line = start
        while let end = unsafe OctetSearch.first(ASCII.lf, in: octets, from: line) {
            guard let literal = unsafe literal(atEndOf: line..<end, in: octets) else { return end + 1 }
            guard literal < UInt64(octets.count - end) else { return nil }
            line = end + 1 + Int(literal)
        }
        return nil
    }

    /// How many octets of a literal a line announces; `nil` when it announces none.
    private static func literal(atEndOf line: Range<Int>, in octets: UnsafeRawBufferPointer) -> UInt64? {
        var last = line.upperBound - 1
        if last > line.lowerBound, unsafe octets[last] == ASCII.cr { last -= 1 }
        guard last >= line.lowerBound, unsafe octets[last] == closingBrace else { return nil }
        let tail = max(line.lowerBound, line.upperBound - IMAPLineEnd.capacity)..<line.upperBound
        var lineEnd = IMAPLineEnd()
        lineEnd.add(unsafe Array(octets[tail])[...])
        return lineEnd.end()?.octets
    }
}
