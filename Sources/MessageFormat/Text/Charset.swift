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
    /// Never fails: octets that mean nothing in the charset become U+FFFD, and a charset that is empty or unknown is
    /// read as UTF-8 where the octets are that, else as windows-1252.
    package static func text(_ octets: [UInt8], charset: [UInt8]) -> String {
        let name = String(decoding: charset.map(ASCII.lower).filter { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        switch name {
        case "utf-8", "utf8", "us-ascii", "ascii", "": return utf8OrWindows(octets)
        case "iso-8859-1", "latin1", "iso8859-1", "windows-1252", "cp1252": return windows1252(octets)
        default: return converted(octets, from: name) ?? utf8OrWindows(octets)
        }
    }

    private static func utf8OrWindows(_ octets: [UInt8]) -> String {
        if octets.allSatisfy({ $0 < 0x80 }) { return String(decoding: octets, as: UTF8.self) }
        return String(validating: octets, as: UTF8.self) ?? windows1252(octets)
    }

    /// windows-1252 covers ISO 8859-1's graphic characters, and is what mail labelled so contains (WHATWG does the
    /// same).
    private static func windows1252(_ octets: [UInt8]) -> String {
        var text = String.UnicodeScalarView()
        for octet in octets {
            let code = (0x80...0x9F).contains(octet) ? windowsC1[Int(octet) - 0x80] : UInt16(octet)
            text.append(Unicode.Scalar(code) ?? "\u{FFFD}")
        }
        return String(text)
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

    private static func converted(_ octets: [UInt8], from name: String) -> String? {
        guard isUsable(name), let converter = Converter(from: name) else { return nil }
        return String(decoding: converter.convert(octets), as: UTF8.self)
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

    func convert(_ octets: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
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
            }
        }
        return output
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
