// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Octets of a message that a client sends: they never are in a frame, so that their number does not matter here.
package struct AppendLiteral: Hashable, Sendable {
    package var marker: LiteralMarker
    /// Whether it stands in `UTF8 (...)`, since it has a header with UTF-8 (RFC 6855 §4).
    package var isUTF8: Bool
    /// Whether it is one of the parts that CATENATE puts together (RFC 4469 §3), and not the message as a whole.
    package var isPart: Bool

    package init(_ marker: LiteralMarker, isUTF8: Bool = false, isPart: Bool = false) {
        self.marker = marker
        self.isUTF8 = isUTF8
        self.isPart = isPart
    }

    /// What stands behind the octets: up to the next such literal, or to the end of the command.
    ///
    /// - Parameter frame: without its line end where it is the last of the command, else with the announcement of the
    ///   literal at its end.
    package func following(in frame: [UInt8]) throws(IMAPSyntaxError) -> AppendFragment {
        var scanner = WireScanner(frame)
        if isUTF8 { try scanner.close() }
        var fragment = AppendFragment()
        if isPart, !scanner.accept(0x29) {
            try scanner.space()
            fragment.parts = try scanner.catenateParts()
        }
        if fragment.literal == nil, !scanner.isAtEnd {
            try scanner.space()
            // IMAPClient (PyPI) sends one more in front of a message without flags.
            _ = scanner.accept(ASCII.space)
            fragment.messages = try scanner.appendMessages()
        }
        try scanner.end("the end of the line behind the size of a message")
        return fragment
    }
}

/// What of a command that brings messages stands between the octets of two of its literals, or in front of the first.
package struct AppendFragment: Hashable, Sendable {
    /// More parts of the message whose octets came before.
    package var parts: [CatenatePart]
    /// The messages behind it: all but the last are whole.
    package var messages: [AppendMessage]

    package init(parts: [CatenatePart] = [], messages: [AppendMessage] = []) {
        self.parts = parts
        self.messages = messages
    }

    /// What comes next; `nil` when the command is whole.
    package var literal: AppendLiteral? { messages.isEmpty ? parts.last?.literal : messages.last?.literal }

    /// Whether a frame that goes on with a literal is in the middle of `URL`, so that the literal belongs into the
    /// frame.
    package static func isAtURL(_ frame: [UInt8]) -> Bool {
        guard let brace = frame.lastIndex(of: 0x7B) else { return false }
        return ASCII.equalIgnoringCase(frame[..<brace].suffix(5), " URL ".utf8)
            || ASCII.equalIgnoringCase(frame[..<brace].suffix(5), "(URL ".utf8)
    }
}

extension WireScanner {
    // [")"] of UTF8 (...) comes behind the octets
    /// With `UTF8 (` or nothing in front.
    mutating func appendLiteral(isPart: Bool) throws(IMAPSyntaxError) -> AppendLiteral {
        let isUTF8 = acceptPrefix("UTF8 (")
        let marker = try literalMarker()
        guard !isUTF8 || marker.isBinary else { throw failure("a literal8 in UTF8 (...)") }
        return AppendLiteral(marker, isUTF8: isUTF8, isPart: isPart)
    }

    /// The announcement of a literal whose octets are not in the frame; passes over its line end if that is.
    private mutating func literalMarker() throws(IMAPSyntaxError) -> LiteralMarker {
        let isBinary = accept(0x7E)
        try expect(0x7B, "the message as a literal")
        let count = try number64("the size of the message")
        let isSynchronizing = !accept(0x2B)
        try expect(0x7D, "\"}\"")
        if accept(ASCII.cr) { try expect(ASCII.lf, "a line end") }
        return LiteralMarker(count: count, isSynchronizing: isSynchronizing, isBinary: isBinary)
    }
}

extension WireEncoder {
    /// Without the line end behind its size, the octets, and the parenthesis that ends `UTF8 (...)`.
    mutating func appendLiteral(_ literal: AppendLiteral) {
        if literal.isUTF8 { raw("UTF8 (") }
        raw(literal.marker.isBinary ? "~{" : "{")
        number(literal.marker.count)
        raw(literal.marker.isSynchronizing ? "}" : "+}")
    }
}
