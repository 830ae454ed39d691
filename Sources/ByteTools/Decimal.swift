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
        var digits: (UInt64, Int) = (value, 0)
        let start = bytes.count
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: 0x30 &+ digits.0 % 10))
            digits = (digits.0 / 10, digits.1 + 1)
        } while digits.0 > 0
        bytes[start...].reverse()
    }
}
