// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Settings

/// Which kinds of addresses mail is sent to.
package enum AddressFamilies: String, Sendable, Hashable, SettingValue {
    case both
    case ipv4
    case ipv6

    package var takesIPv4: Bool { self != .ipv6 }
    package var takesIPv6: Bool { self != .ipv4 }

    package static var settingTypeName: String { "both | ipv4 | ipv6" }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// Sets of addresses by their first bits: `127.0.0.0/8, ::1`.
package struct AddressRanges: Sendable, Hashable, SettingValue {
    /// Addresses with the same first bits.
    private struct Range: Hashable {
        var address: HostAddress
        var bits: Int

        init?(_ text: String) {
            let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard let address = HostAddress(parts[0]) else { return nil }
            let width = address.isIPv6 ? 128 : 32
            let bits = parts.count == 1 ? width : Int(parts[1])
            guard let bits, (0...width).contains(bits) else { return nil }
            (self.address, self.bits) = (address, bits)
        }

        var text: String { bits == (address.isIPv6 ? 128 : 32) ? address.description : "\(address)/\(bits)" }

        func contains(_ other: HostAddress) -> Bool {
            switch (address, other) {
            case (.ipv4(let mine), .ipv4(let its)): (mine ^ its) >> UInt32(32 - bits) == 0
            case (.ipv6(let mine), .ipv6(let its)): (mine ^ its) >> UInt128(128 - bits) == 0
            default: false
            }
        }
    }

    private var ranges: [Range]

    /// No address.
    package static let none = AddressRanges(ranges: [])

    /// What is this machine, nobody, or many: mail that is sent there comes back or goes nowhere.
    package static let standard = AddressRanges(
        ranges: ["0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3", "::", "::1", "ff00::/8"].compactMap(Range.init)
    )

    private init(ranges: [Range]) { self.ranges = ranges }

    package func contains(_ address: HostAddress) -> Bool { ranges.contains { $0.contains(address) } }

    package static var settingTypeName: String { "addresses (ADDRESS or ADDRESS/BITS, comma separated) or none" }

    package init?(settingText: String) {
        guard settingText != "none" else {
            self = .none
            return
        }
        guard let texts = [String](settingText: settingText), !texts.isEmpty else { return nil }
        let ranges = texts.compactMap(Range.init)
        guard ranges.count == texts.count else { return nil }
        self.init(ranges: ranges)
    }

    package var settingText: String { ranges.isEmpty ? "none" : ranges.map(\.text).joined(separator: ", ") }
}
