// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

extension MailDate {
    // date-time = [ day-of-week "," ] date time [CFWS]    RFC 5322 §3.3, obsolete forms §4.3
    /// Reads a Date field as mailers have written it for forty years: day name and seconds optional, comments,
    /// two-digit years, zones by name, and the order of C's asctime.
    ///
    /// An unknown zone counts as UTC (RFC 5322 §4.3). `nil` when day, month, year or time is missing or out of range.
    package init?(headerField value: [UInt8]) {
        var reader = DateReader(value)
        guard let date = reader.read() else { return nil }
        self = date
    }

    /// The same of a field that lies at `place` among other octets.
    ///
    /// - Precondition: `place` lies within `octets`.
    package init?(headerField octets: [UInt8], at place: Range<Int>) {
        var reader = PlainDate(octets, at: place)
        guard let date = reader.read() ?? MailDate(headerField: Array(octets[place])) else { return nil }
        self = date
    }
}

private struct DateReader {
    private enum Token {
        case word([UInt8])
        case number(Int, digits: Int)
        case mark(UInt8)
    }

    private var scanner: FieldScanner
    private var pushedBack: Token?
    private var day: Int?
    private var month: Int?
    private var year: Int?
    private var clock: (hour: Int, minute: Int, second: Int)?
    private var zone: Int?

    /// A date is short; what is longer is none.
    private static let maximumTokens = 64

    init(_ value: [UInt8]) { scanner = FieldScanner(value) }

    mutating func read() -> MailDate? {
        for _ in 0..<Self.maximumTokens {
            guard let token = next() else { break }
            take(token)
        }
        guard let day, let month, let year, let clock else { return nil }
        return MailDate(
            year: year,
            month: month,
            day: day,
            hour: clock.hour,
            minute: clock.minute,
            second: clock.second,
            zoneMinutes: zone ?? 0
        )
    }

    private mutating func next() -> Token? {
        if let token = pushedBack {
            pushedBack = nil
            return token
        }
        scanner.skipCommentsAndSpace()
        guard let octet = scanner.current else { return nil }
        if ASCII.isDigit(octet) {
            let digits = scanner.take(while: ASCII.isDigit)
            return .number(Decimal.parse(digits, maximum: 99_999).map { Int($0) } ?? .max, digits: digits.count)
        }
        if ASCII.isAlpha(octet) { return .word(scanner.take(while: ASCII.isAlpha)) }
        scanner.advance()
        return .mark(octet)
    }

    private mutating func take(_ token: Token) {
        switch token {
        case .word(let word): take(word: word)
        case .number(let value, let digits): take(number: value, digits: digits)
        case .mark(let mark):
            guard clock != nil, zone == nil, mark == UInt8(ascii: "+") || mark == UInt8(ascii: "-") else { return }
            takeNumericZone(sign: mark == UInt8(ascii: "-") ? -1 : 1)
        }
    }

    private mutating func take(word: [UInt8]) {
        let prefix = word.prefix(3)
        if month == nil, word.count >= 3,
            let index = MailDate.months.firstIndex(where: { ASCII.equalIgnoringCase($0.utf8, prefix) })
        {
            month = index + 1
        } else if clock != nil, zone == nil {
            zone = Self.zones.first { ASCII.equalIgnoringCase($0.name.utf8, word) }.map { $0.hours * 60 }
        }
    }

    private mutating func take(number value: Int, digits: Int) {
        if clock == nil, takeClock(hour: value) { return }
        if day == nil, digits <= 2 {
            day = value
        } else if year == nil {
            year = digits == 2 ? value + (value < 50 ? 2000 : 1900) : digits == 3 ? value + 1900 : value
        }
    }

    // time-of-day = hour ":" minute [ ":" second ]    RFC 5322 §3.3
    private mutating func takeClock(hour: Int) -> Bool {
        guard takeMark(":") else { return false }
        guard case .number(let minute, _)? = next() else { return true }
        var second = 0
        if takeMark(":"), case .number(let value, _)? = next() { second = value }
        clock = (hour, minute, second)
        return true
    }

    // zone = (FWS ( "+" / "-" ) 4DIGIT) / (FWS obs-zone)    RFC 5322 §3.3
    private mutating func takeNumericZone(sign: Int) {
        guard case .number(let value, let digits)? = next() else { return }
        var (hours, minutes) = digits <= 2 ? (value, 0) : (value / 100, value % 100)
        if digits <= 2, takeMark(":"), case .number(let rest, _)? = next() { minutes = rest }
        guard hours < 24, minutes < 60 else {
            (hours, minutes) = (0, 0)
            zone = 0
            return
        }
        zone = sign * (hours * 60 + minutes)
    }

    private mutating func takeMark(_ mark: Unicode.Scalar) -> Bool {
        guard let token = next() else { return false }
        if case .mark(UInt8(ascii: mark)) = token { return true }
        pushedBack = token
        return false
    }

    // obs-zone    RFC 5322 §4.3; the military letters are read as UTC there
    private static let zones: [(name: String, hours: Int)] = [
        ("UT", 0), ("GMT", 0), ("UTC", 0), ("Z", 0), ("EST", -5), ("EDT", -4), ("CST", -6), ("CDT", -5), ("MST", -7),
        ("MDT", -6), ("PST", -8), ("PDT", -7), ("CET", 1), ("CEST", 2), ("MEZ", 1), ("MESZ", 2), ("BST", 1), ("JST", 9),
    ]
}
