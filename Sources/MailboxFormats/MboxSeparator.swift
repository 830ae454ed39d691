// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// The line that begins a message in an mbox, "the From_ line".
package struct MboxSeparator: Sendable, Hashable {
    /// `From ` and a space.
    package static let prefix = Array("From ".utf8)

    /// When the message came in; `nil` when the line does not say it properly.
    package var date: MailDate?

    package init(date: MailDate?) { self.date = date }

    // from-line = "From " sender SP day-name SP month SP day SP hh:mm[:ss] [SP zone] SP year [SP zone] [SP "remote from" SP host]
    /// Reads a line without its line end; `nil` when it does not begin with `From `.
    ///
    /// A time without zone is taken as UTC, which RFC 4155 §A asks for.
    package init?(parsing line: ArraySlice<UInt8>) {
        guard line.starts(with: Self.prefix), line.count <= 1000 else { return nil }
        let words = line.dropFirst(Self.prefix.count)
            .split(whereSeparator: { ASCII.isBlank($0) || $0 == ASCII.cr }).map(Array.init)
        // The sender may hold blanks; the date is found by its day name.
        for start in words.indices.prefix(20) where words.count - start >= 4 {
            if let date = Self.date(words[start...]) {
                self.init(date: date)
                return
            }
        }
        self.init(date: nil)
    }

    private static func date(_ words: ArraySlice<[UInt8]>) -> MailDate? {
        let words = Array(words)
        guard position(words[0], in: MailDate.weekdays) != nil, let month = position(words[1], in: MailDate.months),
            let day = Decimal.parse(words[2], maximum: 31), let clock = clock(words[3])
        else { return nil }
        var (year, zone): (Int?, Int?) = (nil, nil)
        for word in words[4...].prefix(3) {
            if year == nil, word.count == 4, let number = Decimal.parse(word, maximum: 9999) {
                year = Int(number)
            } else if zone == nil, let minutes = Self.zone(word) {
                zone = minutes
            } else if year != nil {
                break
            }
        }
        guard let year, year >= 1900 else { return nil }
        return MailDate(
            year: year,
            month: month + 1,
            day: Int(day),
            hour: clock.hour,
            minute: clock.minute,
            second: clock.second,
            zoneMinutes: zone ?? 0
        )
    }

    private static func position(_ word: [UInt8], in names: [String]) -> Int? {
        names.firstIndex { ASCII.equalIgnoringCase($0.utf8, word) }
    }

    private static func clock(_ word: [UInt8]) -> (hour: Int, minute: Int, second: Int)? {
        let parts = word.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let hour = Decimal.parse(parts[0], maximum: 23),
            let minute = Decimal.parse(parts[1], maximum: 59)
        else { return nil }
        guard parts.count == 3 else { return (Int(hour), Int(minute), 0) }
        guard let second = Decimal.parse(parts[2], maximum: 60) else { return nil }
        return (Int(hour), Int(minute), Int(second))
    }

    private static func zone(_ word: [UInt8]) -> Int? {
        if word.count == 5, let sign = word.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            guard let number = Decimal.parse(word.dropFirst(), maximum: 2359), number % 100 < 60 else { return nil }
            let minutes = Int(number / 100 * 60 + number % 100)
            return sign == UInt8(ascii: "-") ? -minutes : minutes
        }
        let names: [(name: String, hours: Int)] = [
            ("UTC", 0), ("GMT", 0), ("UT", 0), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5),
            ("MST", -7), ("MDT", -6), ("PST", -8), ("PDT", -7), ("CET", 1), ("CEST", 2), ("MET", 1), ("MEST", 2),
            ("BST", 1), ("JST", 9),
        ]
        return names.first { ASCII.equalIgnoringCase($0.name.utf8, word) }.map { $0.hours * 60 }
    }

    /// The line with its line end: sender unknown, time in UTC.
    package var line: [UInt8] {
        let moment = MailDate(secondsSince1970: date?.secondsSince1970 ?? 0)
        let fields = moment.fields
        func two(_ number: Int, _ fill: String) -> String { (number < 10 ? fill : "") + String(number) }
        let year = String(repeating: "0", count: max(0, 4 - String(fields.year).count)) + String(fields.year)
        let clock = "\(two(fields.hour, "0")):\(two(fields.minute, "0")):\(two(fields.second, "0"))"
        let day = "\(MailDate.weekdays[fields.weekday]) \(MailDate.months[fields.month - 1]) \(two(fields.day, " "))"
        return Array("From MAILER-DAEMON \(day) \(clock) \(year)\n".utf8)
    }
}
