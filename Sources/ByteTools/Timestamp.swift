// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Moments as RFC 3339 writes them, in UTC, and moments of the past as people name them.
public enum Timestamp {
    /// `2026-11-21T07:16:47.123456Z` from nanoseconds since 1970-01-01T00:00:00Z.
    public static func text(nanoseconds: Int64, fractionDigits: Int = 6) -> String {
        let (seconds, fraction) = nanoseconds.quotientAndRemainder(flooringBy: 1_000_000_000)
        let (days, secondOfDay) = seconds.quotientAndRemainder(flooringBy: 86_400)
        let (year, month, day) = civil(days: days)
        var text = padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
        text += "T" + padded(secondOfDay / 3600, 2) + ":" + padded(secondOfDay / 60 % 60, 2) + ":"
        text += padded(secondOfDay % 60, 2)
        if fractionDigits > 0 { text += "." + padded(fraction, 9).prefix(fractionDigits) }
        return text + "Z"
    }

    /// Nanoseconds since 1970 of a `date-time` (RFC 3339 §5.6); seconds may be left out, and a date alone is its
    /// midnight in UTC.
    ///
    /// `nil` when it is none, or outside the years 1970 to 2261.
    public static func parse(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, 4), take(&rest, "-"), let month = number(&rest, 2), take(&rest, "-"),
            let day = number(&rest, 2), (1970...2261).contains(year), (1...12).contains(month),
            (1...length(ofMonth: month, year: year)).contains(day)
        else { return nil }
        var seconds = days(year: year, month: month, day: day) * 86_400
        var fraction: Int64 = 0
        if !rest.isEmpty {
            guard take(&rest, "T") || take(&rest, "t") || take(&rest, " "),
                let time = timeOfDay(&rest), let offset = zone(&rest), rest.isEmpty
            else { return nil }
            seconds += time.seconds - offset
            fraction = time.fraction
        }
        return seconds < 0 ? nil : seconds * 1_000_000_000 + fraction
    }

    private static func timeOfDay(_ rest: inout ArraySlice<UInt8>) -> (seconds: Int64, fraction: Int64)? {
        guard let hour = number(&rest, 2), hour < 24, take(&rest, ":"), let minute = number(&rest, 2), minute < 60
        else {
            return nil
        }
        guard take(&rest, ":") else { return (hour * 3600 + minute * 60, 0) }
        guard let second = number(&rest, 2), second <= 60 else { return nil }
        var fraction: Int64 = 0
        if take(&rest, ".") {
            let digits = rest.prefix { ASCII.isDigit($0) }
            rest = rest.dropFirst(digits.count)
            let nine = Array(digits.prefix(9)) + [UInt8](repeating: 0x30, count: max(0, 9 - digits.count))
            guard !digits.isEmpty, let value = Decimal.parse(nine) else { return nil }
            fraction = Int64(value)
        }
        return (hour * 3600 + minute * 60 + second, fraction)
    }

    private static func zone(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take(&rest, "Z") || take(&rest, "z") { return 0 }
        let sign: Int64 = rest.first == 0x2D ? -1 : 1
        guard take(&rest, "+") || take(&rest, "-"), let hour = number(&rest, 2), hour < 24, take(&rest, ":"),
            let minute = number(&rest, 2), minute < 60
        else { return nil }
        return sign * (hour * 3600 + minute * 60)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, _ width: Int) -> Int64? {
        guard rest.count >= width, let value = Decimal.parse(rest.prefix(width)) else { return nil }
        rest = rest.dropFirst(width)
        return Int64(clamping: value)
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ text: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: text) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        if month == 2 { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970-01-01 of a Gregorian date, counted in eras of 400 years that begin on 1 March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = shifted.quotientAndRemainder(flooringBy: 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(flooringBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

extension Int64 {
    /// Division that rounds down, with a remainder that is never negative.
    ///
    /// The divisor is a positive constant.
    fileprivate func quotientAndRemainder(flooringBy divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
