// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// Reads a Date field in the form that almost all have, where it lies: `Mon, 7 Feb 1994 21:52:25 -0800`, the name of the
/// day and the seconds optional, a zone's name in parentheses behind it.
///
/// A mailbox is put in order by the dates of all its messages, and `DateReader` makes an array of each word.
struct PlainDate {
    private let octets: [UInt8]
    private let end: Int
    private var next: Int

    /// - Precondition: `place` lies within `octets`.
    init(_ octets: [UInt8], at place: Range<Int>) {
        self.octets = octets
        next = place.lowerBound
        end = place.upperBound
    }

    /// `nil` for every other form, which may be a date all the same.
    mutating func read() -> MailDate? {
        guard passDayName(), let day = number(of: 1...2), passSpaces(), let month = takeMonth(), passSpaces(),
            let year = number(of: 4...4), passSpaces(), let hour = number(of: 2...2), take(":"),
            let minute = number(of: 2...2)
        else { return nil }
        var second = 0
        if take(":") {
            guard let value = number(of: 2...2) else { return nil }
            second = value
        }
        guard passSpaces(), let zone = takeZone(), isAtEnd() else { return nil }
        return MailDate(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            zoneMinutes: zone
        )
    }

    private var current: UInt8? { next < end ? octets[next] : nil }

    private mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: mark) else { return false }
        next += 1
        return true
    }

    /// False when there is none.
    private mutating func passSpaces() -> Bool {
        let start = next
        while current == ASCII.space { next += 1 }
        return next > start
    }

    // [ day-of-week "," ]    RFC 5322 §3.3
    private mutating func passDayName() -> Bool {
        _ = passSpaces()
        guard let first = current, ASCII.isAlpha(first) else { return true }
        // The name of a month would count as one.
        guard let name = takeWord(), !Self.months.contains(name), take(",") else { return false }
        _ = passSpaces()
        return true
    }

    private mutating func takeMonth() -> Int? { takeWord().flatMap { Self.months.firstIndex(of: $0) }.map { $0 + 1 } }

    /// Three letters in lower case, and no more.
    private mutating func takeWord() -> UInt32? {
        var word: UInt32 = 0
        let start = next
        while let octet = current, ASCII.isAlpha(octet) {
            guard next - start < 3 else { return nil }
            word = word << 8 | UInt32(ASCII.lower(octet))
            next += 1
        }
        return next - start == 3 ? word : nil
    }

    private static let months: [UInt32] = MailDate.months.map { name in
        name.utf8.reduce(0) { $0 << 8 | UInt32(ASCII.lower($1)) }
    }

    /// A number of so many digits, and no more.
    private mutating func number(of digits: ClosedRange<Int>) -> Int? {
        var value = 0
        let start = next
        while let octet = current, ASCII.isDigit(octet) {
            guard next - start < digits.upperBound else { return nil }
            value = value * 10 + Int(octet - 0x30)
            next += 1
        }
        return next - start >= digits.lowerBound ? value : nil
    }

    // zone = ( "+" / "-" ) 4DIGIT    RFC 5322 §3.3
    private mutating func takeZone() -> Int? {
        let isWest = take("-")
        guard isWest || take("+"), let value = number(of: 4...4), value / 100 < 24, value % 100 < 60 else { return nil }
        let minutes = value / 100 * 60 + value % 100
        return isWest ? -minutes : minutes
    }

    /// Whether nothing more comes but a comment of letters.
    private mutating func isAtEnd() -> Bool {
        guard passSpaces() else { return next == end }
        guard take("(") else { return next == end }
        while let octet = current, ASCII.isAlpha(octet) { next += 1 }
        return take(")") && next == end
    }
}
