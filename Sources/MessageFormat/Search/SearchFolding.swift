// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Makes text comparable for SEARCH: mapped as i;unicode-casemap has it (RFC 5051), each run of white space one space, so
/// that a phrase is found across a line end.
///
/// Keeps its state between pieces.
struct SearchFolding: Sendable {
    private var afterSpace = false

    mutating func fold(_ text: String) -> [UInt8] {
        let octets = Array(text.utf8)
        if octets.allSatisfy({ $0 < 0x80 }) { return foldASCII(octets) }
        var folded: [UInt8] = []
        folded.reserveCapacity(octets.count)
        var mapper = UnicodeCasemap.Mapper()
        for scalar in text.unicodeScalars {
            if scalar.value < 0x80 {
                append(ASCII.upper(UInt8(truncatingIfNeeded: scalar.value)), to: &folded)
            } else {
                mapper.map(scalar) { append($0, to: &folded) }
            }
        }
        return folded
    }

    /// What a character became, which may be a space.
    private mutating func append(_ mapped: Unicode.Scalar, to folded: inout [UInt8]) {
        if mapped.value < 0x80 {
            append(UInt8(truncatingIfNeeded: mapped.value), to: &folded)
        } else if Self.isSpace(mapped) {
            append(ASCII.space, to: &folded)
        } else {
            afterSpace = false
            UnicodeCasemap.append(mapped, to: &folded)
        }
    }

    /// What an ASCII octet is folded to.
    private static let table: [UInt8] = (0..<256).map { value in
        let octet = UInt8(value)
        return (0x09...0x0D).contains(octet) ? ASCII.space : ASCII.upper(octet)
    }

    /// Most text there is, so it goes by table.
    private mutating func foldASCII(_ octets: [UInt8]) -> [UInt8] {
        let table = Self.table
        var afterSpace = afterSpace
        let folded = unsafe [UInt8](unsafeUninitializedCapacity: octets.count) { target, count in
            unsafe table.withUnsafeBufferPointer { table in
                for octet in octets {
                    let value = unsafe table[Int(octet)]
                    let isSpace = value == ASCII.space
                    if isSpace, afterSpace { continue }
                    // In bounds: one octet at most for each.
                    unsafe target[count] = value
                    count += 1
                    afterSpace = isSpace
                }
            }
        }
        self.afterSpace = afterSpace
        return folded
    }

    private mutating func append(_ octet: UInt8, to folded: inout [UInt8]) {
        let isSpace = octet == ASCII.space || (0x09...0x0D).contains(octet)
        if isSpace, afterSpace { return }
        folded.append(isSpace ? ASCII.space : octet)
        afterSpace = isSpace
    }

    /// Unicode's White_Space beyond ASCII.
    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x85, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }

    static func fold(_ text: String) -> [UInt8] {
        var folding = SearchFolding()
        return folding.fold(text)
    }
}
