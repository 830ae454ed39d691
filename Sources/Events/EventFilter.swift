// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Which events of the log are wanted.
///
/// Empty lists mean any.
package struct EventFilter: Sendable, Equatable {
    /// First parts of names (`smtp`), or longer beginnings of them (`smtp.recipient`).
    package var sources: [String] = []
    package var numbers: [UInt16] = []
    /// Those of this level and above.
    package var level: EventLevel = .information
    /// Nanoseconds since 1970.
    package var since: Int64?
    package var trace: String?

    package init() {}

    package func matches(_ entry: EventEntry) -> Bool {
        (sources.isEmpty || sources.contains { entry.name == $0 || entry.name.hasPrefix($0 + ".") })
            && (numbers.isEmpty || numbers.contains(entry.number))
            && entry.type.level <= level
            && (since.map { entry.time >= $0 } ?? true)
            && (trace.map { entry.trace == $0 } ?? true)
    }

    /// What `--since` says: a moment of RFC 3339, or how long ago (`90s`, `15m`, `1h`, `2d`, `1w`); `nil` for neither.
    package static func moment(_ text: String, now: Int64) -> Int64? {
        if let moment = Timestamp.parse(text) { return moment }
        let units: [(Character, UInt64)] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400), ("w", 604_800)]
        guard let unit = units.first(where: { $0.0 == text.last })?.1,
            let number = Decimal.parse(text.dropLast().utf8, maximum: UInt64(Int64.max) / 1_000_000_000 / unit)
        else { return nil }
        return max(0, now - Int64(number * unit) * 1_000_000_000)
    }
}
