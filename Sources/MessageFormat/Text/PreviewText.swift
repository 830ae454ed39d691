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
        var text = decoder.decode(Array(body.prefix(bodyOctets))) + decoder.finish()
        if part.mediaType.matches("text", "html") {
            text = HTMLText.extract(from: text, maximum: 8 * maximumCharacters)
        } else {
            let lines = text.split { $0.isNewline }.filter { !$0.hasPrefix(">") }
            text = lines.joined(separator: "\n")
        }
        return collapsed(text)
    }

    private static func collapsed(_ text: String) -> String {
        var preview = ""
        var count = 0
        var pendingSpace = false
        for character in text where count < maximumCharacters {
            if character.isWhitespace
                || character.unicodeScalars.allSatisfy({ $0.properties.generalCategory == .control })
            {
                pendingSpace = !preview.isEmpty
                continue
            }
            if pendingSpace {
                preview.append(" ")
                count += 1
            }
            pendingSpace = false
            preview.append(character)
            count += 1
        }
        return String(preview.prefix(maximumCharacters))
    }
}
