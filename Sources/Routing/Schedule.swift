// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Hours of the week, by the clock on the wall: `always`, `never`, or windows such as
/// `mon-fri 22:00-06:00, sat+sun 00:00-24:00`.
///
/// A window belongs to the day on which it begins; days may be left out for all of them.
package struct Schedule: Sendable, Hashable, CustomStringConvertible {
    private static let minutesOfDay = 1440
    private static let minutesOfWeek = 7 * minutesOfDay
    /// Windows of one schedule.
    private static let maximumWindows = 100
    private static let days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    /// As it was written.
    package let description: String
    /// Minutes from Sunday 00:00 on; a window over the end of the week goes on at its start.
    ///
    /// `nil`: always.
    private let windows: [Range<Int>]?

    package static let always = Schedule(description: "always", windows: nil)
    package static let never = Schedule(description: "never", windows: [])

    private init(description: String, windows: [Range<Int>]?) {
        self.description = description
        self.windows = windows
    }

    package init?(_ text: String) {
        switch ASCII.lowercased(text) {
        case "always": self = .always
        case "never": self = .never
        case let folded:
            var windows: [Range<Int>] = []
            for part in folded.split(separator: ",", omittingEmptySubsequences: false) {
                guard let found = Self.windows(part), windows.count + found.count <= Self.maximumWindows else {
                    return nil
                }
                windows += found
            }
            self.init(description: folded, windows: windows)
        }
    }

    // MARK: Questions

    package func isOpen(at seconds: Int64, _ zone: LocalZone) -> Bool {
        guard let windows else { return true }
        let minute = Self.minuteOfWeek(seconds, zone)
        return windows.contains { $0.contains(minute) || $0.contains(minute + Self.minutesOfWeek) }
    }

    /// When it is open next, `seconds` if that is now; `nil` for never.
    package func nextOpening(from seconds: Int64, _ zone: LocalZone) -> Int64? {
        guard !isOpen(at: seconds, zone) else { return seconds }
        guard let windows, !windows.isEmpty else { return nil }
        let minute = Self.minuteOfWeek(seconds, zone)
        let start = seconds - Self.floorModulo(seconds, 60)
        let waits = windows.map { ($0.lowerBound - minute + Self.minutesOfWeek - 1) % Self.minutesOfWeek + 1 }
        let opening = waits.sorted().lazy.compactMap { wait -> Int64? in
            let onSameClock = start + Int64(wait) * 60
            // The clock may have been put forward or back meanwhile.
            let moved = onSameClock + zone.offset(start) - zone.offset(onSameClock)
            return [moved, onSameClock].first { $0 > seconds && isOpen(at: $0, zone) }
        }.first
        // A window within the hour that is left out in spring: the next quarter of an hour that is open.
        return opening ?? stride(from: start, to: start + 15 * 86_400, by: 900).first { isOpen(at: $0, zone) }
    }

    private static func minuteOfWeek(_ seconds: Int64, _ zone: LocalZone) -> Int {
        let local = seconds &+ zone.offset(seconds)
        // 1970-01-01 was a Thursday.
        return Int(floorModulo(local &+ 4 * 86_400, 7 * 86_400) / 60)
    }

    private static func floorModulo(_ value: Int64, _ modulus: Int64) -> Int64 {
        (value % modulus + modulus) % modulus
    }

    // MARK: Reading

    // window = [ days SP ] HH:MM "-" HH:MM    days = day *( "+" day / "-" day )
    private static func windows(_ text: Substring) -> [Range<Int>]? {
        let words = text.split(separator: " ")
        guard (1...2).contains(words.count), let hours = words.last.flatMap(hours) else { return nil }
        guard let days = words.count == 2 ? days(words[0]) : Array(0..<7) else { return nil }
        return days.map { $0 * minutesOfDay + hours.lowerBound..<$0 * minutesOfDay + hours.upperBound }
    }

    private static func hours(_ text: Substring) -> Range<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let from = minute(ends[0]), let to = minute(ends[1]), from < minutesOfDay else {
            return nil
        }
        return from..<(to > from ? to : to + minutesOfDay)
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
            let hour = Decimal.parse(parts[0].utf8, maximum: 24),
            let minute = Decimal.parse(parts[1].utf8, maximum: 59),
            hour < 24 || minute == 0
        else { return nil }
        return Int(hour * 60 + minute)
    }

    private static func days(_ text: Substring) -> [Int]? {
        var found: [Int] = []
        for part in text.split(separator: "+", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
                days.firstIndex(of: String($0))
            }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else { return nil }
            found += (0...((last - first + 7) % 7)).map { (first + $0) % 7 }
        }
        return found
    }
}
