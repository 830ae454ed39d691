// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Octets with a name, and the character classes that mail grammars share.
public enum ASCII {
    /// NUL, which only binary data may hold.
    @inlinable public static var null: UInt8 { 0x00 }
    /// HTAB, one of the two octets of `WSP`.
    @inlinable public static var tab: UInt8 { 0x09 }
    /// Line feed, the second octet of a line end.
    @inlinable public static var lf: UInt8 { 0x0A }
    /// Carriage return, the first octet of a line end.
    @inlinable public static var cr: UInt8 { 0x0D }
    /// SP, which divides the words of a command.
    @inlinable public static var space: UInt8 { 0x20 }
    /// `"`, which begins and ends a quoted-string.
    @inlinable public static var quote: UInt8 { 0x22 }
    /// `.`, between atoms, and alone on a line the end of DATA.
    @inlinable public static var dot: UInt8 { 0x2E }
    /// `\`, which takes its meaning from the octet behind it.
    @inlinable public static var backslash: UInt8 { 0x5C }

    /// `A`–`Z` made `a`–`z`; every other octet unchanged.
    @inlinable
    public static func lower(_ octet: UInt8) -> UInt8 {
        octet >= 0x41 && octet <= 0x5A ? octet | 0x20 : octet
    }

    /// `a`–`z` made `A`–`Z`; every other octet unchanged.
    @inlinable
    public static func upper(_ octet: UInt8) -> UInt8 {
        octet >= 0x61 && octet <= 0x7A ? octet & 0xDF : octet
    }

    /// `0`–`9` (`DIGIT`, RFC 5234 §B.1).
    @inlinable
    public static func isDigit(_ octet: UInt8) -> Bool { octet >= 0x30 && octet <= 0x39 }

    /// `A`–`Z` and `a`–`z` (`ALPHA`, RFC 5234 §B.1).
    @inlinable
    public static func isAlpha(_ octet: UInt8) -> Bool { (octet | 0x20) >= 0x61 && (octet | 0x20) <= 0x7A }

    /// A letter or digit of ASCII, never an octet above 127.
    @inlinable
    public static func isAlphanumeric(_ octet: UInt8) -> Bool { isDigit(octet) || isAlpha(octet) }

    /// Space or tab (`WSP`, RFC 5234 §B.1).
    @inlinable
    public static func isBlank(_ octet: UInt8) -> Bool { octet == space || octet == tab }

    /// 0–31 and 127 (`CTL`, RFC 5234 §B.1).
    @inlinable
    public static func isControl(_ octet: UInt8) -> Bool { octet < 0x20 || octet == 0x7F }

    /// `a == b` when `A`–`Z` and `a`–`z` count as the same; other octets compare exactly.
    ///
    /// Octets that lie together, as in arrays and their slices, are compared in place: where the compiler does not make
    /// a copy of a generic function for them, going through their iterators costs twenty times as much.
    public static func equalIgnoringCase(_ a: some Collection<UInt8>, _ b: some Collection<UInt8>) -> Bool {
        let inPlace = a.withContiguousStorageIfAvailable { first in
            b.withContiguousStorageIfAvailable { second in unsafe equalIgnoringCase(first, second) }
        }
        return (inPlace ?? nil) ?? (a.count == b.count && zip(a, b).allSatisfy { lower($0) == lower($1) })
    }

    private static func equalIgnoringCase(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        for place in 0..<a.count where unsafe lower(a[place]) != lower(b[place]) { return false }
        return true
    }

    /// The text with `A`–`Z` made lower case; no other character changes, so that it is the same in every locale.
    public static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(lower), as: UTF8.self)
    }

    /// The text with `a`–`z` made upper case; no other character changes.
    public static func uppercased(_ text: String) -> String {
        String(decoding: text.utf8.map(upper), as: UTF8.self)
    }
}
