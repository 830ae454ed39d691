// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// Octets of a named charset as text, for search and preview only: what goes out by IMAP, POP3 or SMTP is never
/// converted.
///
/// glibc's iconv does the work for charsets other than UTF-8, ASCII, ISO 8859-1 and windows-1252. It loads tables from
/// disk on first use: the one impure spot of this module.
package enum Charset {
    /// Never fails: octets that mean nothing in the charset become U+FFFD, or are read as UTF-8 when all of them are
    /// that, and more than ASCII; of a charset that is empty or unknown, what is UTF-8 is read as such, and the rest as windows-1252.
    package static func text(_ octets: [UInt8], charset: [UInt8]) -> String { read(octets, charset: charset).text }

    /// The same, and whether the octets are in the charset, and that is one that is known.
    static func read(_ octets: [UInt8], charset: [UInt8]) -> (text: String, isReadable: Bool) {
        let name = String(decoding: charset.map(ASCII.lower).filter { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        switch name {
        case "utf-8", "utf8", "us-ascii", "ascii", "": return utf8OrWindows(octets)
        case "iso-8859-1", "latin1", "iso8859-1", "windows-1252", "cp1252": return (windows1252(octets), true)
        default: return converted(octets, from: name) ?? (utf8OrWindows(octets).text, false)
        }
    }

    private static func utf8OrWindows(_ octets: [UInt8]) -> (text: String, isReadable: Bool) {
        if octets.allSatisfy({ $0 < 0x80 }) { return (String(decoding: octets, as: UTF8.self), true) }
        if let text = String(validating: octets, as: UTF8.self) { return (text, true) }
        return (mixed(octets), false)
    }

    /// Characters of UTF-8 where there are any, and other octets each as windows-1252: so whatever is UTF-8 is found by
    /// those who look for it, whatever is beside it.
    private static func mixed(_ octets: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        var index = 0
        while index < octets.count {
            let end = index + utf8Length(octets[index])
            if end > index, end <= octets.count,
                let character = String(validating: octets[index..<end], as: UTF8.self)
            {
                text.append(contentsOf: character.unicodeScalars)
                index = end
            } else {
                text.append(windows1252(octets[index]))
                index += 1
            }
        }
        return String(text)
    }

    /// Octets of a character of UTF-8 that has more than one, from the first of them; 0 for what is none.
    private static func utf8Length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    /// windows-1252 covers ISO 8859-1's graphic characters, and is what mail labelled so contains (WHATWG does the
    /// same).
    private static func windows1252(_ octets: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for octet in octets { text.append(windows1252(octet)) }
        return String(text)
    }

    private static func windows1252(_ octet: UInt8) -> Unicode.Scalar {
        let code = (0x80...0x9F).contains(octet) ? windowsC1[Int(octet) - 0x80] : UInt16(octet)
        return Unicode.Scalar(code) ?? "\u{FFFD}"
    }

    private static let windowsC1: [UInt16] = [
        0x20AC, 0x81, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,
        0x017D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x9D, 0x017E, 0x0178,
    ]

    /// Longest name in the IANA registry is 45.
    ///
    /// Slashes would be options to iconv, so names with them are unknown.
    private static func isUsable(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { ASCII.isAlphanumeric($0) || "-_.:+".utf8.contains($0) }
    }

    /// `nil` for a charset that iconv does not know.
    private static func converted(_ octets: [UInt8], from name: String) -> (text: String, isReadable: Bool)? {
        guard isUsable(name), let converter = Converter(from: name) else { return nil }
        let (converted, isWhole) = converter.convert(octets)
        if !isWhole, octets.contains(where: { $0 >= 0x80 }), let text = String(validating: octets, as: UTF8.self) {
            return (text, false)
        }
        return (String(decoding: converted, as: UTF8.self), isWhole)
    }
}

/// One iconv descriptor: opened and closed by the thread that uses it, for one text.
@safe
private struct Converter: ~Copyable {
    private let descriptor: iconv_t

    init?(from charset: String) {
        let opened = unsafe iconv_open("UTF-8", charset)
        // iconv_open answers (iconv_t)-1 for a charset it does not know.
        guard let opened = unsafe opened, Int(bitPattern: opened) != -1 else { return nil }
        unsafe descriptor = opened
    }

    deinit { _ = unsafe iconv_close(descriptor) }

    /// `isWhole`: nothing in it meant nothing.
    func convert(_ octets: [UInt8]) -> (text: [UInt8], isWhole: Bool) {
        var output: [UInt8] = []
        var isWhole = true
        output.reserveCapacity(octets.count + octets.count / 2)
        var input = octets
        var offset = 0
        var chunk = [UInt8](repeating: 0, count: 8_192)
        var stalls = 0
        while offset < input.count {
            let (used, made) = step(&input, from: offset, into: &chunk)
            output += chunk.prefix(made)
            offset += used
            // A converter with state may give what it held without taking more, once.
            stalls = used > 0 ? 0 : stalls + 1
            if used == 0, made == 0 || stalls > 1 {
                output += Self.replacement
                offset += 1
                isWhole = false
            }
        }
        return (output, isWhole)
    }

    private static let replacement = Array("\u{FFFD}".utf8)

    /// Converts up to the end, a full chunk, or octets that mean nothing.
    private func step(
        _ input: inout [UInt8],
        from offset: Int,
        into chunk: inout [UInt8]
    ) -> (used: Int, made: Int) {
        unsafe input.withUnsafeMutableBytes { source in
            unsafe chunk.withUnsafeMutableBytes { target in
                guard let sourceBase = source.baseAddress, let targetBase = target.baseAddress else {
                    return (0, 0)
                }
                var from: UnsafeMutablePointer<CChar>? =
                    unsafe (sourceBase + offset).assumingMemoryBound(to: CChar.self)
                var to: UnsafeMutablePointer<CChar>? =
                    unsafe targetBase.assumingMemoryBound(to: CChar.self)
                var fromLeft = source.count - offset
                var toLeft = target.count
                _ = unsafe iconv(descriptor, &from, &fromLeft, &to, &toLeft)
                return (source.count - offset - fromLeft, target.count - toLeft)
            }
        }
    }
}
