// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a BODY[...] item names (RFC 9051 §6.4.5.1): a part by its numbers, and which of its texts.
package struct MessageSection: Sendable, Hashable {
    package enum Text: Sendable, Hashable {
        /// No specifier: the part's body, or the whole message for an empty path.
        case content
        /// The header of the message, or of the message in the part.
        case header
        /// The body of the message, or of the message in the part.
        case text
        /// The part's own MIME header.
        case mime
    }

    /// Part numbers, counted from 1.
    package var path: [UInt32]
    package var text: Text

    package init(_ path: [UInt32], _ text: Text = .content) {
        self.path = path
        self.text = text
    }
}

extension MessageStructure {
    /// Where the octets of a section are, or `nil` when the message has no such part (answered as NIL or empty).
    package func range(of section: MessageSection) -> Range<UInt64>? {
        guard !section.path.isEmpty else {
            switch section.text {
            case .content: return 0..<size
            case .header: return root.header
            case .text: return root.body
            case .mime: return nil
            }
        }
        guard let part = part(at: section.path) else { return nil }
        switch section.text {
        case .content: return part.body
        case .mime: return part.header
        case .header: return part.embedded?.root.header
        case .text: return part.embedded?.root.body
        }
    }

    /// The part with these numbers.
    ///
    /// A message that is not a multipart has itself as part 1; within a message/rfc822 part the numbers go on as in
    /// that message.
    package func part(at path: [UInt32]) -> MessagePart? {
        var owner = root
        var found: MessagePart?
        for (level, number) in path.enumerated() {
            if level > 0 {
                guard let part = found else { return nil }
                if let embedded = part.embedded {
                    owner = embedded.root
                } else if part.isMultipart {
                    owner = part
                } else {
                    return nil
                }
            }
            guard let part = Self.child(number, of: owner) else { return nil }
            found = part
        }
        return found
    }

    private static func child(_ number: UInt32, of owner: MessagePart) -> MessagePart? {
        guard owner.isMultipart else { return number == 1 ? owner : nil }
        let children = owner.children
        guard number >= 1, number <= children.count else { return nil }
        return children[Int(number) - 1]
    }
}
