// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

extension WireScanner {
    // number64 = 1*DIGIT, below 2^63    RFC 9051 §9
    package mutating func number64(_ expected: String = "a number") throws(IMAPSyntaxError) -> UInt64 {
        let start = offset
        while let octet = peek(), ASCII.isDigit(octet) { rewind(to: offset + 1) }
        guard let number = Decimal.parse(bytes[start..<offset], maximum: UInt64(Int64.max)) else {
            throw failure(expected, at: start)
        }
        return number
    }

    // number = 1*DIGIT, below 2^32    RFC 9051 §9
    package mutating func number(_ expected: String = "a number") throws(IMAPSyntaxError) -> UInt32 {
        let start = offset
        guard let number = UInt32(exactly: try number64(expected)) else { throw failure(expected, at: start) }
        return number
    }

    // nz-number = digit-nz *DIGIT    RFC 9051 §9
    package mutating func positiveNumber(_ expected: String = "a number above 0") throws(IMAPSyntaxError) -> UInt32 {
        let start = offset
        let number = try number(expected)
        guard number > 0 else { throw failure(expected, at: start) }
        return number
    }

    // mod-sequence-value = 1*DIGIT, above 0 and below 2^63    RFC 7162 §7
    package mutating func modSeq() throws(IMAPSyntaxError) -> ModSeq {
        let start = offset
        let value = try modSeqOrZero()
        guard value > .zero else { throw failure("a mod-sequence above 0", at: start) }
        return value
    }

    // mod-sequence-valzer = "0" / mod-sequence-value    RFC 7162 §7
    package mutating func modSeqOrZero() throws(IMAPSyntaxError) -> ModSeq {
        ModSeq(try number64("a mod-sequence"))
    }

    /// Exactly `count` digits.
    package mutating func digits(_ count: Int, _ expected: String) throws(IMAPSyntaxError) -> Int {
        let start = offset
        guard let text = take(count), let number = Decimal.parse(text, maximum: 9999) else {
            throw failure(expected, at: start)
        }
        return Int(truncatingIfNeeded: number)
    }
}
