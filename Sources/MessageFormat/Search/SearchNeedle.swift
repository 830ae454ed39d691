// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A text to be found by SEARCH, as a substring, compared as i;unicode-casemap has it (RFC 5255 §4.2), with the length of
/// white space ignored.
package struct SearchNeedle: Sendable, Hashable {
    /// UTF-8, folded.
    package let folded: [UInt8]
    /// For each length of a partial match, the length of the next shorter one that may go on (Knuth, Morris, Pratt):
    /// the search is linear whatever the needle and the text are.
    private let fallback: [Int]

    package init(_ text: String) {
        folded = SearchFolding.fold(text)
        fallback = Self.fallback(of: folded)
    }

    /// True for text that any message has: SEARCH TEXT "".
    package var isEmpty: Bool { folded.isEmpty }

    package func isFound(in text: String) -> Bool { isFound(inFolded: SearchFolding.fold(text)) }

    /// True when the decoded value of a header field has it.
    ///
    /// `value` is unfolded, as `HeaderFields` and `Envelope` give it.
    package func isFound(inHeaderValue value: [UInt8]) -> Bool { isFound(in: EncodedWord.decode(value)) }

    /// True when an address of the list has it, written as `name <local@domain>`.
    package func isFound(in addresses: [EnvelopeAddress]) -> Bool {
        addresses.contains { address in
            let name = address.name ?? (address.isGroupStart ? address.mailbox : nil) ?? []
            guard let mailbox = address.mailbox, let host = address.host else { return isFound(inHeaderValue: name) }
            let space = name.isEmpty ? "" : " "
            return isFound(
                in: EncodedWord.decode(name) + space + "<" + EncodedWord.decode(mailbox + [0x40] + host) + ">"
            )
        }
    }

    func isFound(inFolded text: [UInt8]) -> Bool {
        var matched = 0
        return advance(&matched, over: text)
    }

    /// Goes on with a search over a text that comes in pieces.
    ///
    /// `matched` is 0 at its begin. True once the needle was found.
    func advance(_ matched: inout Int, over text: [UInt8]) -> Bool {
        guard let first = folded.first else { return true }
        var index = 0
        while index < text.count {
            if matched == 0 {
                guard let next = text.withView({ $0.firstIndex(of: first, in: index..<text.count) }) else {
                    return false
                }
                index = next + 1
                matched = 1
            } else {
                while matched > 0, folded[matched] != text[index] { matched = fallback[matched] }
                if matched == 0, first != text[index] {
                    index += 1
                    continue
                }
                matched += 1
                index += 1
            }
            if matched == folded.count { return true }
        }
        return false
    }

    private static func fallback(of folded: [UInt8]) -> [Int] {
        var table = [Int](repeating: 0, count: folded.count + 1)
        var matched = 0
        for length in 1..<max(1, folded.count) {
            while matched > 0, folded[matched] != folded[length] { matched = table[matched] }
            if folded[matched] == folded[length] { matched += 1 }
            table[length + 1] = matched
        }
        return table
    }
}
