// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A type that a setting may have.
package protocol SettingValue: Sendable, Equatable {
    /// What `settings explain` calls the type, such as `duration`.
    static var settingTypeName: String { get }
    /// Reads the text after the equals sign, trimmed; `nil` when it is not of this type.
    init?(settingText: String)
    /// The text that reads back as this value.
    var settingText: String { get }
    /// The value as the classic systems would have stored it.
    var classicValue: ClassicValue { get }
}

/// What the metabase and the registry of the classic systems could hold.
package enum ClassicValue: Sendable, Equatable {
    case number(UInt64)
    case text(String)
    case list([String])
}

extension SettingValue {
    package var classicValue: ClassicValue { .text(settingText) }
}

extension Bool: SettingValue {
    package static var settingTypeName: String { "boolean (yes | no)" }
    package init?(settingText: String) {
        switch ASCII.lowercased(settingText) {
        case "yes", "on", "true", "1": self = true
        case "no", "off", "false", "0": self = false
        default: return nil
        }
    }
    package var settingText: String { self ? "yes" : "no" }
    package var classicValue: ClassicValue { .number(self ? 1 : 0) }
}

extension Int: SettingValue {
    package static var settingTypeName: String { "whole number" }
    package init?(settingText: String) {
        guard let value = Int(settingText) else { return nil }
        self = value
    }
    package var settingText: String { String(self) }
    package var classicValue: ClassicValue { self < 0 ? .text(settingText) : .number(UInt64(self)) }
}

extension String: SettingValue {
    package static var settingTypeName: String { "text" }
    package init?(settingText: String) { self = settingText }
    package var settingText: String { self }
}

/// A list whose items are divided by commas; spaces around items do not count.
extension [String]: SettingValue {
    package static var settingTypeName: String { "list (comma separated)" }
    package init?(settingText: String) {
        self = settingText.split(separator: ",").map { item in
            String(
                item.trimmingPrefix(while: { $0 == " " || $0 == "\t" }).reversed().drop { $0 == " " || $0 == "\t" }
                    .reversed()
            )
        }.filter { !$0.isEmpty }
    }
    package var settingText: String { joined(separator: ", ") }
    package var classicValue: ClassicValue { .list(self) }
}

/// A span of time with a unit: `250ms`, `30s`, `5m`, `12h`, `4d`. A bare number is refused, since its unit would be a
/// guess.
extension Duration: SettingValue {
    package static var settingTypeName: String { "duration (ms | s | m | h | d)" }

    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("ms", 1), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
    ]

    package init?(settingText: String) {
        let text = ASCII.lowercased(settingText)
        guard let unit = Self.units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let digits = text.dropLast(unit.suffix.count).trimmingPrefix(while: { $0 == " " })
        let trimmed = String(digits.reversed().drop { $0 == " " }.reversed())
        guard let number = Decimal.parse(trimmed.utf8, maximum: UInt64(Int64.max / unit.milliseconds)) else {
            return nil
        }
        self = .milliseconds(Int64(number) * unit.milliseconds)
    }

    package var settingText: String {
        let milliseconds = milliseconds
        let unit =
            [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)]
            .first { milliseconds != 0 && milliseconds % Int64($0.1) == 0 } ?? ("ms", 1)
        return "\(milliseconds / Int64(unit.1))\(unit.0)"
    }

    /// The classic keys count milliseconds.
    package var classicValue: ClassicValue { .number(UInt64(clamping: milliseconds)) }

    private var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

/// A number of octets with an optional unit: `4096`, `64KiB`, `50MiB`, `2GiB`, `1TiB` (powers of 1024);
/// `5GB` and its like (powers of 1000) are read, too.
package struct ByteCount: Hashable, Sendable, Comparable, SettingValue {
    package var octets: Int64
    package init(_ octets: Int64) { self.octets = octets }
    package static func kibibytes(_ n: Int64) -> ByteCount { ByteCount(n << 10) }
    package static func mebibytes(_ n: Int64) -> ByteCount { ByteCount(n << 20) }
    package static func gibibytes(_ n: Int64) -> ByteCount { ByteCount(n << 30) }
    package static func < (a: Self, b: Self) -> Bool { a.octets < b.octets }

    package static var settingTypeName: String { "size (KiB | MiB | GiB | TiB)" }

    private static let units: [(suffix: String, octets: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1), ("", 1),
    ]

    package init?(settingText: String) {
        let text = ASCII.lowercased(settingText)
        guard let unit = Self.units.first(where: { text.hasSuffix(ASCII.lowercased($0.suffix)) }) else { return nil }
        let digits = String(text.dropLast(unit.suffix.count).reversed().drop { $0 == " " }.reversed())
        guard let number = Decimal.parse(digits.utf8, maximum: UInt64(Int64.max / unit.octets)) else {
            return nil
        }
        self.init(Int64(number) * unit.octets)
    }

    package var settingText: String {
        let unit = Self.units.prefix(4).first { octets != 0 && octets.isMultiple(of: $0.octets) }
        return unit.map { "\(octets / $0.octets)\($0.suffix)" } ?? String(octets)
    }

    package var classicValue: ClassicValue { .number(UInt64(clamping: octets)) }
}
