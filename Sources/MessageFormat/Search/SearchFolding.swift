// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Makes text comparable for SEARCH: case folded by Unicode's lower-case mappings (RFC 5051's order is close to it),
/// each run of white space one space, so that a phrase is found across a line end.
///
/// Keeps its state between pieces.
struct SearchFolding: Sendable {
    private var afterSpace = false

    mutating func fold(_ text: String) -> [UInt8] {
        var folded: [UInt8] = []
        folded.reserveCapacity(text.utf8.count)
        let octets = Array(text.utf8)
        if octets.allSatisfy({ $0 < 0x80 }) {
            for octet in octets { fold(octet, into: &folded) }
            return folded
        }
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80 {
                fold(UInt8(truncatingIfNeeded: scalar.value), into: &folded)
            } else if scalar.properties.isWhitespace {
                fold(ASCII.space, into: &folded)
            } else {
                afterSpace = false
                folded.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
        return folded
    }

    private mutating func fold(_ octet: UInt8, into folded: inout [UInt8]) {
        let isSpace = octet == ASCII.space || (0x09...0x0D).contains(octet)
        if isSpace, afterSpace { return }
        folded.append(isSpace ? ASCII.space : ASCII.lower(octet))
        afterSpace = isSpace
    }

    static func fold(_ text: String) -> [UInt8] {
        var folding = SearchFolding()
        return folding.fold(text)
    }
}
