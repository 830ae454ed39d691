// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

extension MailCommand {
    /// How long the server is to keep the message before it delivers it (RFC 4865 §4).
    package enum FutureRelease: Sendable, Hashable {
        /// HOLDFOR: for so many seconds, 1 to 999,999,999.
        case after(seconds: UInt32)
        /// HOLDUNTIL: until then.
        case at(MailDate)

        // future-release-interval = 1*9DIGIT    RFC 4865 §4
        init(interval parameter: ESMTPParameter) throws(SMTPSyntaxError) {
            let digits = try parameter.required("HOLDFOR=seconds").utf8
            guard (1...9).contains(digits.count), let seconds = Decimal.parse(digits, maximum: 999_999_999), seconds > 0
            else { throw parameter.invalid("HOLDFOR=seconds") }
            self = .after(seconds: UInt32(seconds))
        }

        init(date parameter: ESMTPParameter) throws(SMTPSyntaxError) {
            let text = try parameter.required("HOLDUNTIL=date-time")
            guard let date = Self.date(text) else { throw parameter.invalid("HOLDUNTIL=2030-01-31T08:00:00Z") }
            self = .at(date)
        }

        // date-time = full-date "T" partial-time ("Z" / time-numoffset)    RFC 3339 §5.6
        //
        // Fractions of a second are passed over.
        private static func date(_ text: String) -> MailDate? {
            let octets = Array(ASCII.uppercased(text).utf8)
            guard octets.count >= 20, octets.count <= 40, octets[4] == 0x2D, octets[7] == 0x2D,
                octets[10] == UInt8(ascii: "T"), octets[13] == 0x3A, octets[16] == 0x3A
            else { return nil }
            func number(_ range: Range<Int>) -> Int? {
                octets[range].allSatisfy(ASCII.isDigit)
                    ? Decimal.parse(octets[range], maximum: 9999).flatMap { Int(exactly: $0) } : nil
            }
            var rest = octets[19...]
            if rest.first == 0x2E {
                let fraction = rest.dropFirst().prefix(while: ASCII.isDigit)
                guard !fraction.isEmpty else { return nil }
                rest = rest.dropFirst(1 + fraction.count)
            }
            guard let zone = zoneMinutes(Array(rest)), let year = number(0..<4), let month = number(5..<7),
                let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
                let second = number(17..<19)
            else { return nil }
            return MailDate(
                year: year,
                month: month,
                day: day,
                hour: hour,
                minute: minute,
                second: second,
                zoneMinutes: zone
            ).map { MailDate(secondsSince1970: $0.secondsSince1970) }
        }

        private static func zoneMinutes(_ octets: [UInt8]) -> Int? {
            if octets == [UInt8(ascii: "Z")] { return 0 }
            guard octets.count == 6, octets[0] == 0x2B || octets[0] == 0x2D, octets[3] == 0x3A,
                let hours = Decimal.parse(octets[1..<3], maximum: 23),
                let minutes = Decimal.parse(octets[4..<6], maximum: 59)
            else { return nil }
            let total = Int(hours) * 60 + Int(minutes)
            return octets[0] == 0x2D ? -total : total
        }

        var text: String {
            switch self {
            case .after(let seconds): "HOLDFOR=\(seconds)"
            case .at(let date): "HOLDUNTIL=\(date.utcText)"
            }
        }
    }
}
