// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A class of advertising by which a message is labelled, such as `net.example:ADV` (RFC 3865 §2.4).
package struct SolicitationKeyword: Sendable, Hashable, CustomStringConvertible {
    /// Octets of all keywords of a message, with the commas between them (RFC 3865 §2.4).
    package static let maximumOctets = 1000

    /// As it was written; case counts for nothing when keywords are compared.
    package let text: String
    private let folded: String

    // A name in reverse order of labels, a colon, and what its owner has defined    RFC 3865 §2.4
    package init?(_ text: String) {
        let octets = text.utf8
        guard (3...Self.maximumOctets).contains(octets.count), let first = octets.first, ASCII.isAlphanumeric(first),
            octets.contains(0x3A), octets.last != 0x3A,
            octets.allSatisfy({ ASCII.isAlphanumeric($0) || [0x2D, 0x2E, 0x3A, 0x5F].contains($0) })
        else { return nil }
        self.text = text
        folded = ASCII.lowercased(text)
    }

    /// The keywords in a list divided by commas; `nil` when one of them is none.
    package static func list(_ text: String) -> [SolicitationKeyword]? {
        guard text.utf8.count <= maximumOctets else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
        }
        let keywords = parts.compactMap(SolicitationKeyword.init)
        return keywords.count == parts.count ? keywords : nil
    }

    package var description: String { text }

    package static func == (a: Self, b: Self) -> Bool { a.folded == b.folded }
    package func hash(into hasher: inout Hasher) { hasher.combine(folded) }
}
