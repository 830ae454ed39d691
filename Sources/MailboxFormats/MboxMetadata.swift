// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// What an mbox says of a message beside the message: flags and dates, in fields that programs put into its header.
package struct MboxMetadata: Sendable, Hashable {
    package var system: SystemFlags = []
    /// As they were written; those that are no keywords were left out.
    package var keywords: Set<Keyword> = []
    /// The internal date to the second with its zone, where this program wrote it.
    package var date: MailDate?

    package init() {}

    /// The flags by name.
    package var flags: FlagSet { FlagSet(system: system, keywords: keywords) }

    /// Fields that are no part of the message.
    static let fieldNames: [[UInt8]] = [
        "status", "x-status", "x-keywords", "x-uid", "x-imap", "x-imapbase", "x-mozilla-status", "x-mozilla-status2",
        "x-mozilla-keys", "x-martlet-mbox",
    ].map { Array($0.utf8) }

    /// Takes the value of such a field.
    mutating func take(_ name: [UInt8], _ value: [UInt8]) {
        switch String(decoding: name, as: UTF8.self) {
        case "status": if value.contains(UInt8(ascii: "R")) { system.insert(.seen) }
        case "x-status": takeStatus(value)
        case "x-keywords", "x-mozilla-keys": takeKeywords(value)
        case "x-mozilla-status": takeMozillaStatus(value)
        default: break
        }
    }

    private mutating func takeStatus(_ value: [UInt8]) {
        for letter in value {
            switch letter {
            case UInt8(ascii: "A"): system.insert(.answered)
            case UInt8(ascii: "F"): system.insert(.flagged)
            case UInt8(ascii: "T"): system.insert(.draft)
            case UInt8(ascii: "D"): system.insert(.deleted)
            default: break
            }
        }
    }

    private mutating func takeKeywords(_ value: [UInt8]) {
        for word in value.split(whereSeparator: { ASCII.isBlank($0) || $0 == UInt8(ascii: ",") }).prefix(200) {
            guard let keyword = Keyword(String(decoding: word, as: UTF8.self)) else { continue }
            keywords.insert(keyword)
        }
    }

    /// Thunderbird's four hexadecimal digits.
    private mutating func takeMozillaStatus(_ value: [UInt8]) {
        guard value.count == 4, let bits = UInt16(String(decoding: value, as: UTF8.self), radix: 16) else { return }
        let known: [(bit: UInt16, flag: SystemFlags)] = [
            (0x0001, .seen), (0x0002, .answered), (0x0004, .flagged), (0x0008, .deleted),
        ]
        for (bit, flag) in known where bits & bit != 0 { system.insert(flag) }
        if bits & 0x1000 != 0, let forwarded = Keyword("$Forwarded") { keywords.insert(forwarded) }
    }

    // MARK: Our own mark

    /// What `X-Martlet-Mbox` says beside the date.
    struct Mark: Sendable, Hashable {
        /// Octets of the message, exact.
        var size: UInt64
        /// Whether line ends stand as they are in the message, and not as LF for CRLF.
        var isExact: Bool
    }

    /// Reads the value of `X-Martlet-Mbox`: `size=123; date=1700000000; zone=60; exact`.
    ///
    /// `nil` when it is not whole.
    mutating func takeMark(_ value: [UInt8]) -> Mark? {
        var (size, seconds, zone, isExact): (UInt64?, Int64?, Int16?, Bool) = (nil, nil, nil, false)
        for word in value.split(whereSeparator: { ASCII.isBlank($0) || $0 == UInt8(ascii: ";") }).prefix(16) {
            let sides = word.split(separator: UInt8(ascii: "="), maxSplits: 1).map {
                String(decoding: $0, as: UTF8.self)
            }
            switch (sides.first, sides.dropFirst().first) {
            case ("size", let number?): size = UInt64(number)
            case ("date", let number?): seconds = Int64(number)
            case ("zone", let number?): zone = Int16(number)
            case ("exact", nil): isExact = true
            default: break
            }
        }
        guard let size else { return nil }
        if let seconds { date = MailDate(secondsSince1970: seconds, zoneMinutes: zone ?? 0) }
        return Mark(size: size, isExact: isExact)
    }

    /// The fields that carry this metadata of a message of `size` octets, the mark as the last.
    package func fields(size: UInt64, isExact: Bool) -> [UInt8] {
        var text = "Status: \(system.contains(.seen) ? "RO" : "O")\n"
        let letters: [(flag: SystemFlags, letter: String)] = [
            (.answered, "A"), (.flagged, "F"), (.draft, "T"), (.deleted, "D"),
        ]
        let status = letters.filter { system.contains($0.flag) }.map(\.letter).joined()
        if !status.isEmpty { text += "X-Status: \(status)\n" }
        if !keywords.isEmpty { text += "X-Keywords: \(keywords.map(\.text).sorted().joined(separator: "\n "))\n" }
        text += "X-Martlet-Mbox: size=\(size)"
        if let date { text += "; date=\(date.secondsSince1970); zone=\(date.zoneMinutes)" }
        return Array((text + (isExact ? "; exact" : "") + "\n").utf8)
    }
}
