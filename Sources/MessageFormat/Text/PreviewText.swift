// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension MessageStructure {
    /// The part a preview is made of: the first plain text that is no attachment, else the first HTML, looked for in
    /// reading order and also in embedded messages.
    ///
    /// `nil` when there is none.
    package var previewPart: MessagePart? {
        root.firstText("plain") ?? root.firstText("html")
    }
}

extension MessagePart {
    fileprivate func firstText(_ subtype: String) -> MessagePart? {
        if disposition?.isAttachment == true { return nil }
        switch content {
        case .leaf: return mediaType.matches("text", subtype) && octets > 0 ? self : nil
        case .multipart(let parts): return parts.lazy.compactMap { $0.firstText(subtype) }.first
        case .message(_, let root): return root.firstText(subtype)
        }
    }
}

/// The first words of a message (RFC 8970 §3.1).
package enum PreviewText {
    /// How much of the part's body is worth reading; more is not looked at.
    package static let bodyOctets = 32 << 10
    /// RFC 8970 §3.1: 200 characters are recommended, 256 the most.
    package static let maximumCharacters = 200

    /// The preview of `body`, the first octets of `part`'s body as stored: one line, white space collapsed, quoted
    /// lines and HTML marks left out.
    ///
    /// May be empty.
    package static func text(of part: MessagePart, body: [UInt8]) -> String {
        var decoder = PartTextDecoder(part)
        let text = decoder.decode(Array(body.prefix(bodyOctets))) + decoder.finish()
        var preview = CollapsedText(maximumCharacters)
        if part.mediaType.matches("text", "html") {
            preview.add(HTMLText.extract(from: text, maximum: 8 * maximumCharacters)[...])
        } else {
            // Only as far as it takes: the text may be long, and what is looked for is at its beginning.
            var rest = text[...]
            while !preview.isFull, !rest.isEmpty {
                let line = rest.prefix { !$0.isNewline }
                if !line.hasPrefix(">") { preview.add(line) }
                rest = rest[line.endIndex...].dropFirst()
                preview.addSpace()
            }
        }
        return preview.text
    }
}

/// One line of so many characters, of text with any white space.
private struct CollapsedText {
    private(set) var text = ""
    private var count = 0
    private var isBehindSpace = false
    private let maximum: Int

    init(_ maximum: Int) { self.maximum = maximum }

    var isFull: Bool { count >= maximum }

    mutating func addSpace() { isBehindSpace = count > 0 }

    mutating func add(_ added: Substring) {
        for character in added {
            guard !isFull else { return }
            if Self.isSpace(character) {
                addSpace()
                continue
            }
            if isBehindSpace { append(" ") }
            isBehindSpace = false
            if !isFull { append(character) }
        }
    }

    private mutating func append(_ character: Character) {
        text.append(character)
        count += 1
    }

    private static func isSpace(_ character: Character) -> Bool {
        character.isWhitespace
            || character.unicodeScalars.allSatisfy { $0.properties.generalCategory == .control }
    }
}
