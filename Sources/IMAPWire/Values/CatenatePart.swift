// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A part of a message that is put together at the server (RFC 4469 §3).
package enum CatenatePart: Hashable, Sendable {
    /// What is stored already: a URL as it was sent, which may be none.
    case url([UInt8])
    /// What the client sends.
    case text(AppendLiteral)

    /// Most parts of one message between two texts.
    package static let maximumCount = 1000
    /// Octets of a URL: mailbox names have 1,000 at most, each of which may be three here.
    package static let maximumURLOctets = 4000

    package var literal: AppendLiteral? { if case .text(let literal) = self { literal } else { nil } }
}

extension WireScanner {
    // cat-part *(SP cat-part) ")"; cat-part = "TEXT" SP literal / "URL" SP astring    RFC 4469 §5
    // cat-part =/ "UTF8" SP "(" literal8 ")"    RFC 6855 §4
    /// Up to a text, whose octets are not in the frame, or with the parenthesis at the end; at least one.
    mutating func catenateParts() throws(IMAPSyntaxError) -> [CatenatePart] {
        let start = offset
        var parts: [CatenatePart] = []
        repeat {
            guard parts.count < CatenatePart.maximumCount else {
                throw failure("at most \(CatenatePart.maximumCount) parts", at: start)
            }
            parts.append(try catenatePart())
            if parts.last?.literal != nil { return parts }
        } while accept(ASCII.space)
        try close()
        return parts
    }

    private mutating func catenatePart() throws(IMAPSyntaxError) -> CatenatePart {
        if acceptWord("URL") {
            try space()
            let start = offset
            let url = try astring("a URL")
            guard (1...CatenatePart.maximumURLOctets).contains(url.count) else {
                throw failure("a URL of 1 to \(CatenatePart.maximumURLOctets) octets", at: start)
            }
            return .url(url)
        }
        if acceptWord("TEXT") {
            try space()
        } else {
            guard peek().map(ASCII.upper) == 0x55 else { throw failure("URL, TEXT or UTF8") }
        }
        return .text(try appendLiteral(isPart: true))
    }
}

extension WireEncoder {
    /// With the parenthesis at the end, unless a text stands there.
    mutating func catenateParts(_ parts: [CatenatePart]) {
        for (index, part) in parts.enumerated() {
            if index > 0 { space() }
            switch part {
            case .url(let url):
                raw("URL ")
                astring(url)
            case .text(let literal):
                if !literal.isUTF8 { raw("TEXT ") }
                appendLiteral(literal)
            }
        }
        if parts.last?.literal == nil { raw(")") }
    }
}
