// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The character classes of RFC 9051 §9, one bit each in a table of 256.
package struct CharacterClass: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// ATOM-CHAR: any CHAR but atom-specials.
    package static let atom = CharacterClass(rawValue: 1 << 0)
    /// ASTRING-CHAR: ATOM-CHAR or `]`.
    package static let astring = CharacterClass(rawValue: 1 << 1)
    /// list-char: ASTRING-CHAR and the wildcards `%` and `*`.
    package static let list = CharacterClass(rawValue: 1 << 2)
    /// Of a tag: ASTRING-CHAR but `+`.
    package static let tag = CharacterClass(rawValue: 1 << 3)
    /// Of a quoted string without escape: printable ASCII but `"` and `\`.
    package static let quotable = CharacterClass(rawValue: 1 << 4)
    /// TEXT-CHAR: any 7-bit character but NUL, CR and LF.
    package static let text = CharacterClass(rawValue: 1 << 5)

    @inline(__always)
    package static func of(_ octet: UInt8) -> CharacterClass { CharacterClass(rawValue: table[Int(octet)]) }

    private static let table: [UInt8] = (0...255).map { classes(of: UInt8($0)).rawValue }

    private static func classes(of octet: UInt8) -> CharacterClass {
        var classes: CharacterClass = []
        let isPrintable = octet > 0x20 && octet < 0x7F
        let isWildcard = "%*".utf8.contains(octet)
        if isPrintable, !"(){%*\"\\]".utf8.contains(octet) { classes.insert(.atom) }
        if classes.contains(.atom) || octet == 0x5D { classes.insert(.astring) }
        if classes.contains(.astring) || isWildcard { classes.insert(.list) }
        if classes.contains(.astring), octet != 0x2B { classes.insert(.tag) }
        if isPrintable || octet == 0x20, octet != 0x22, octet != 0x5C { classes.insert(.quotable) }
        if octet != 0, octet != 0x0D, octet != 0x0A, octet < 0x80 { classes.insert(.text) }
        return classes
    }
}
