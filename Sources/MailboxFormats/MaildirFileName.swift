// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The name of a message's file in a Maildir: `1700000000.M1P2.host,S=123:2,FS`.
package struct MaildirFileName: Sendable, Hashable {
    /// What stands before the information: the same as long as the message is there.
    package var base: [UInt8]
    package var system: SystemFlags
    /// Forwarded, resent or bounced (`P`).
    package var isPassed: Bool
    /// Places in the folder's table of keywords (letters from `a`).
    package var keywords: [Int]

    // name = base [":2," flags]    https://cr.yp.to/proto/maildir.html
    /// Reads any name.
    package init(parsing name: [UInt8]) {
        base = name
        system = []
        isPassed = false
        keywords = []
        // Where a colon may not stand in a name, programs write one of the others.
        guard let comma = name.lastIndex(of: UInt8(ascii: ",")), comma >= 2, name[comma - 1] == UInt8(ascii: "2"),
            ":!;".utf8.contains(name[comma - 2])
        else { return }
        base = Array(name[..<(comma - 2)])
        for letter in name[(comma + 1)...] {
            switch letter {
            case UInt8(ascii: "D"): system.insert(.draft)
            case UInt8(ascii: "F"): system.insert(.flagged)
            case UInt8(ascii: "P"): isPassed = true
            case UInt8(ascii: "R"): system.insert(.answered)
            case UInt8(ascii: "S"): system.insert(.seen)
            case UInt8(ascii: "T"): system.insert(.deleted)
            case UInt8(ascii: "a")...UInt8(ascii: "z"): keywords.append(Int(letter - UInt8(ascii: "a")))
            default: break
            }
        }
    }

    /// The seconds since 1970 that the name begins with.
    package static func seconds(of name: some Collection<UInt8>) -> UInt64 {
        Decimal.parse(name.prefix { ASCII.isDigit($0) }.prefix(20)) ?? 0
    }

    /// What this program writes into the names of an export beside what all write.
    package struct Mark: Sendable, Hashable {
        package var zoneMinutes: Int16
        /// Line ends are as in the message, and not LF for CRLF.
        package var isExact: Bool

        package init(zoneMinutes: Int16, isExact: Bool) {
            self.zoneMinutes = zoneMinutes
            self.isExact = isExact
        }
    }

    /// The mark in a base such as `1700000000.U42Z60X.martlet,S=123`.
    package var mark: Mark? {
        let parts = base.split(separator: UInt8(ascii: "."), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].starts(with: "martlet,".utf8), parts[1].first == UInt8(ascii: "U"),
            let z = parts[1].firstIndex(of: UInt8(ascii: "Z"))
        else { return nil }
        let isExact = parts[1].last == UInt8(ascii: "X")
        let digits = parts[1][(z + 1)...].dropLast(isExact ? 1 : 0)
        return Int16(String(decoding: digits, as: UTF8.self)).map { Mark(zoneMinutes: $0, isExact: isExact) }
    }

    /// The name of a message's file in an export.
    ///
    /// - Parameters:
    ///   - fileSize: octets of the file; the W that Dovecot knows is `size`.
    ///   - table: keywords of the folder, at most 26; keywords that are not in it are not in the name.
    package static func exported(
        uid: UID,
        date: MailDate,
        size: UInt64,
        fileSize: UInt64,
        isExact: Bool,
        flags: FlagSet,
        table: [Keyword]
    ) -> String {
        let seconds = max(0, date.secondsSince1970)
        let base =
            "\(seconds).U\(uid.rawValue)Z\(date.zoneMinutes)\(isExact ? "X" : "").martlet,S=\(fileSize),W=\(size)"
        let known: [(flag: SystemFlags, letter: String)] = [
            (.draft, "D"), (.flagged, "F"), (.answered, "R"), (.seen, "S"), (.deleted, "T"),
        ]
        let letters = known.filter { flags.system.contains($0.flag) }.map(\.letter).joined()
        let keywords = table.prefix(26).enumerated().filter { flags.keywords.contains($0.element) }
            .map { String(UnicodeScalar(UInt8(ascii: "a") + UInt8($0.offset))) }.joined()
        return base + ":2," + letters + keywords
    }
}
