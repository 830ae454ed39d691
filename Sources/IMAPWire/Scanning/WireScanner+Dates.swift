// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

extension WireScanner {
    // date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE    RFC 9051 §9
    package mutating func dateTime() throws(IMAPSyntaxError) -> MailDate {
        let start = offset
        let expected = "a date and time such as \"17-Jul-1996 02:44:25 -0700\""
        try expect(0x22, expected)
        let day = accept(ASCII.space) ? try digits(1, expected) : try dayNumber(expected)
        let (month, year) = try monthAndYear(expected)
        try space()
        let hour = try digits(2, expected)
        try expect(0x3A, expected)
        let minute = try digits(2, expected)
        try expect(0x3A, expected)
        let second = try digits(2, expected)
        try space()
        let zone = try zone(expected)
        try expect(0x22, expected)
        let date = MailDate(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            zoneMinutes: zone
        )
        guard let date else { throw failure(expected, at: start) }
        return date
    }

    // date = date-text / DQUOTE date-text DQUOTE    RFC 9051 §9
    package mutating func date() throws(IMAPSyntaxError) -> CalendarDate {
        let start = offset
        let expected = "a date such as 1-Feb-1994"
        let isQuoted = accept(0x22)
        let day = try dayNumber(expected)
        let (month, year) = try monthAndYear(expected)
        if isQuoted { try expect(0x22, "the quotation mark that ends the date") }
        guard let date = CalendarDate(year: year, month: month, day: day) else { throw failure(expected, at: start) }
        return date
    }

    // date-day = 1*2DIGIT
    private mutating func dayNumber(_ expected: String) throws(IMAPSyntaxError) -> Int {
        try digits(peek(1).map(ASCII.isDigit) == true ? 2 : 1, expected)
    }

    // "-" date-month "-" date-year
    private mutating func monthAndYear(_ expected: String) throws(IMAPSyntaxError) -> (month: Int, year: Int) {
        try expect(0x2D, expected)
        let start = offset
        let name = try atomOfLetters(3, expected)
        guard let month = MailDate.months.firstIndex(where: { ASCII.equalIgnoringCase($0.utf8, name) }) else {
            throw failure("the name of a month", at: start)
        }
        try expect(0x2D, expected)
        return (month + 1, try digits(4, expected))
    }

    private mutating func atomOfLetters(_ count: Int, _ expected: String) throws(IMAPSyntaxError) -> ArraySlice<UInt8> {
        guard let letters = take(count) else { throw failure(expected) }
        return letters
    }

    // zone = ("+" / "-") 4DIGIT
    private mutating func zone(_ expected: String) throws(IMAPSyntaxError) -> Int {
        let isWest = accept(0x2D)
        if !isWest { try expect(0x2B, expected) }
        let minutes = try digits(2, expected) * 60 + digits(2, expected)
        return isWest ? -minutes : minutes
    }
}
