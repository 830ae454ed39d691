// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// A time of day, by the machine's clock and time zone.
struct DigestTime: Sendable, Hashable {
    let hour: Int32
    let minute: Int32

    /// Reads `06:00`; `nil` for anything else.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: 0x3A, omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...2).contains($0.count) }),
            let hour = Decimal.parse(parts[0], maximum: 23), let minute = Decimal.parse(parts[1], maximum: 59)
        else { return nil }
        (self.hour, self.minute) = (Int32(hour), Int32(minute))
    }

    /// When it was last this time of day, at or before `now`; seconds since 1970.
    ///
    /// On days when the clock is put forward over it, it is when the clock is there.
    func last(before now: Int64) -> Int64 {
        for daysAgo in 0...1 as ClosedRange<Int32> {
            var moment = time_t(now)
            var parts = unsafe tm()
            unsafe localtime_r(&moment, &parts)
            unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec, parts.tm_isdst) = (hour, minute, 0, -1)
            unsafe parts.tm_mday -= daysAgo
            let found = unsafe Int64(mktime(&parts))
            if found <= now { return found }
        }
        return now - 86_400
    }
}
