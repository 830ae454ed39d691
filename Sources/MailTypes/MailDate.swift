// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A moment with the zone in which it was written, to the second: internal dates (RFC 9051 §2.3.3) and `Date` header
/// fields (RFC 5322 §3.3).
///
/// Proleptic Gregorian calendar, no leap seconds. Both parts are within their bounds from the start and never change,
/// so that no reckoning with them can overflow.
public struct MailDate: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let secondsSince1970: Int64
    /// Minutes east of UTC, -1439 to 1439.
    public let zoneMinutes: Int16

    /// A moment in a zone, each held within its bounds: the zone at ±1439, the moment in the years 0 to 9999, both of
    /// UTC and of the zone.
    public init(secondsSince1970: Int64, zoneMinutes: Int16 = 0) {
        let zone = min(max(zoneMinutes, -1439), 1439)
        let offset = Int64(zone) * 60
        let first = Self.bounds.lowerBound - min(offset, 0)
        let last = Self.bounds.upperBound - max(offset, 0)
        self.secondsSince1970 = min(max(secondsSince1970, first), last)
        self.zoneMinutes = zone
    }

    /// Years 0 to 9999.
    private static let bounds: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Broken-down local time.
    public struct Fields: Hashable, Sendable {
        /// 0 to 9999.
        public var year: Int
        /// 1 is January.
        public var month: Int
        /// Of the month, from 1.
        public var day: Int
        /// 0 to 23.
        public var hour: Int
        /// 0 to 59.
        public var minute: Int
        /// 0 to 59: there are no leap seconds.
        public var second: Int
        /// 0 is Sunday.
        public var weekday: Int
    }

    /// Names as IMAP and header fields spell them, January first (RFC 5322 §3.3 "month").
    public static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    /// Names as header fields spell them, Sunday first (RFC 5322 §3.3 "day-name").
    public static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    /// `nil` when a field is out of range (second 60 is read as 59; year 0–9999).
    public init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, zoneMinutes: Int) {
        guard (0...9999).contains(year), (1...12).contains(month), (0...23).contains(hour),
            (0...59).contains(minute), (0...60).contains(second), (-1439...1439).contains(zoneMinutes),
            day >= 1, day <= Self.days(inMonth: month, of: year)
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        let local = Int64(days) * 86_400 + Int64(hour * 3600 + minute * 60 + min(second, 59))
        self.init(secondsSince1970: local - Int64(zoneMinutes) * 60, zoneMinutes: Int16(zoneMinutes))
    }

    /// What calendar and clock showed in the zone.
    public var fields: Fields {
        let local = secondsSince1970 + Int64(zoneMinutes) * 60
        let days = Int(local >= 0 ? local / 86_400 : (local - 86_399) / 86_400)
        let second = Int(local - Int64(days) * 86_400)
        let (year, month, day) = Self.civil(daysSince1970: days)
        return Fields(
            year: year,
            month: month,
            day: day,
            hour: second / 3600,
            minute: second / 60 % 60,
            second: second % 60,
            weekday: ((days + 4) % 7 + 7) % 7
        )
    }

    /// `" 7-Feb-1994 21:52:25 -0800"` without quotes (RFC 9051 §9 "date-time").
    public var internalDateText: String {
        let f = fields
        return "\(f.day < 10 ? " " : "")\(f.day)-\(Self.months[f.month - 1])-\(Self.pad(f.year, 4)) \(clock) \(zone)"
    }

    /// `Mon, 7 Feb 1994 21:52:25 -0800` (RFC 5322 §3.3 "date-time").
    public var headerText: String {
        let f = fields
        return
            "\(Self.weekdays[f.weekday]), \(f.day) \(Self.months[f.month - 1]) \(Self.pad(f.year, 4)) \(clock) \(zone)"
    }

    /// `1994-02-08T05:52:25Z` (RFC 3339), always in UTC.
    public var utcText: String {
        let f = MailDate(secondsSince1970: secondsSince1970).fields
        return "\(Self.pad(f.year, 4))-\(Self.pad(f.month, 2))-\(Self.pad(f.day, 2))T"
            + "\(Self.pad(f.hour, 2)):\(Self.pad(f.minute, 2)):\(Self.pad(f.second, 2))Z"
    }

    private var clock: String {
        let f = fields
        return "\(Self.pad(f.hour, 2)):\(Self.pad(f.minute, 2)):\(Self.pad(f.second, 2))"
    }

    private var zone: String {
        let minutes = Int(abs(zoneMinutes))
        return "\(zoneMinutes < 0 ? "-" : "+")\(Self.pad(minutes / 60, 2))\(Self.pad(minutes % 60, 2))"
    }

    private static func pad(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// 28 to 31, for a month of 1 to 12.
    public static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 by counting in eras of 400 years that begin on 1 March.
    private static func daysSince1970(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9)
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }
}
