// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Runtime
package import Settings

/// Where a filter listens: `unix:/PATH`, or `inet:ADDRESS:PORT` (`inet:PORT@ADDRESS` means the same).
package enum MilterAddress: Sendable, Hashable {
    case unix(String)
    case inet(SocketAddress)

    /// `nil` for a path that is not absolute, a name instead of an address (`localhost` aside), or a port that is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return nil }
        switch ASCII.lowercased(parts[0]) {
        case "unix", "local":
            guard parts[1].hasPrefix("/"), !parts[1].utf8.contains(0) else { return nil }
            self = .unix(parts[1])
        case "inet", "inet6":
            guard let address = Self.internetAddress(parts[1]) else { return nil }
            self = .inet(address)
        default: return nil
        }
    }

    private static func internetAddress(_ text: String) -> SocketAddress? {
        let (host, port): (Substring, Substring)
        if let at = text.firstIndex(of: "@") {
            (port, host) = (text[..<at], text[text.index(after: at)...])
        } else if let colon = text.lastIndex(of: ":") {
            (host, port) = (text[..<colon], text[text.index(after: colon)...])
        } else {
            return nil
        }
        guard let number = Decimal.parse(port.utf8, maximum: 65_535), number > 0 else { return nil }
        let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
        return SocketAddress(host: bare == "localhost" ? "127.0.0.1" : String(bare), port: UInt16(number))
    }
}

/// What becomes of mail while its filter cannot be asked.
package enum MilterFallback: String, Sendable, Hashable, CaseIterable, SettingValue {
    case accept
    case tempfail
    case reject

    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

/// One filter, as the settings have it.
package struct MilterDefinition: Sendable, Hashable {
    package var name: String
    package var address: MilterAddress
    package var fallback = MilterFallback.tempfail
    package var connectTimeout: Duration = .seconds(30)
    package var commandTimeout: Duration = .seconds(30)
    package var contentTimeout: Duration = .seconds(300)

    package init(_ name: String, at address: MilterAddress) {
        self.name = name
        self.address = address
    }

    /// The filter of that name; `nil` when it has no address.
    package init?(_ name: String, _ settings: SettingsSnapshot) {
        guard let address = MilterAddress(settings[MilterSettings.address, instance: name]) else { return nil }
        self.init(name, at: address)
        fallback = settings[MilterSettings.whenUnavailable, instance: name]
        connectTimeout = settings[MilterSettings.connectTimeout, instance: name]
        commandTimeout = settings[MilterSettings.commandTimeout, instance: name]
        contentTimeout = settings[MilterSettings.contentTimeout, instance: name]
    }
}
