// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Unsigned decimal numbers in foreign text, with every overflow an answer and never a trap.
public enum Decimal {
    /// The number written by all of `digits` (1 to 20 of them, nothing else), or `nil` when it is not one or exceeds
    /// `maximum`.
    public static func parse(_ digits: some Collection<UInt8>, maximum: UInt64 = .max) -> UInt64? {
        guard !digits.isEmpty, digits.count <= 20 else { return nil }
        var value: UInt64 = 0
        for octet in digits {
            guard ASCII.isDigit(octet) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(octet &- 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        return value <= maximum ? value : nil
    }

    /// Appends `value` in decimal, without going through `String`.
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var first = digits.count
        var rest = value
        repeat {
            first -= 1
            digits[first] = UInt8(truncatingIfNeeded: 0x30 &+ rest % 10)
            rest /= 10
        } while rest > 0
        for place in first..<digits.count { bytes.append(digits[place]) }
    }
}
