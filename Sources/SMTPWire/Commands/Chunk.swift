// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Announces octets of message data by count (BDAT, RFC 3030 §2).
package struct ChunkCommand: Sendable, Hashable {
    /// Octets that follow the line end at once.
    package var count: UInt64
    package var isLast: Bool

    package init(count: UInt64, isLast: Bool) {
        self.count = count
        self.isLast = isLast
    }

    // bdat-cmd = "BDAT" SP chunk-size [ SP end-marker ] CR LF
    init(_ scanner: inout CommandScanner, in line: Span<UInt8>) throws(SMTPSyntaxError) {
        scanner.skipBlanks(in: line)
        guard let count = Decimal.parse(scanner.take(in: line, while: ASCII.isDigit), maximum: UInt64(Int64.max)) else {
            throw scanner.error(.argument, "a number of octets")
        }
        let start = scanner.offset
        scanner.skipBlanks(in: line)
        let isLast = scanner.offset > start && scanner.accept("LAST", in: line)
        try scanner.expectEnd(of: line)
        self.init(count: count, isLast: isLast)
    }

    /// What follows the verb.
    var arguments: String { isLast ? "\(count) LAST" : "\(count)" }
}
