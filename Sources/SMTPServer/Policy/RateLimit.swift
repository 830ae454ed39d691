// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

/// So much in a span of time: `100/1h`; or `none`.
package struct RateLimit: Sendable, Hashable, SettingValue {
    /// `nil` for no limit.
    package var count: Int?
    package var window: Duration

    package static let none = RateLimit(count: nil, window: .seconds(1))

    package init(count: Int?, window: Duration) {
        self.count = count
        self.window = window
    }

    package static var settingTypeName: String { "rate such as 100/1h, or none" }

    /// One second to 31 days.
    private static let windows: ClosedRange<Duration> = .seconds(1)...(.seconds(31 * 86_400))

    package init?(settingText: String) {
        guard settingText != "none" else {
            self = .none
            return
        }
        let parts = settingText.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let count = Decimal.parse(parts[0].utf8, maximum: 1_000_000_000), count > 0,
            let window = Duration(settingText: String(parts[1])), Self.windows.contains(window)
        else { return nil }
        self.init(count: Int(count), window: window)
    }

    package var settingText: String { count.map { "\($0)/\(window.settingText)" } ?? "none" }
}
