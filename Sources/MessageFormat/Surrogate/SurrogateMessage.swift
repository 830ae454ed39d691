// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A message as it is sent to clients that take headers in ASCII only (RFC 6858): the stored octets, with some of its
/// headers exchanged.
///
/// Text parts stay as they are: what they may hold is 8BITMIME's matter.
package struct SurrogateMessage: Sendable, Hashable {
    private struct Exchange: Sendable, Hashable {
        var range: Range<UInt64>
        var octets: [UInt8]
    }

    private var exchanges: [Exchange] = []
    /// Octets of all of it.
    package private(set) var size: UInt64

    /// - Parameters:
    ///   - size: octets of the stored message.
    ///   - headers: of the message and of its parts, with where they are; what does not follow upon the one before, or
    ///     is not within the message, is passed over.
    ///
    /// `nil` when all of them are as they may be.
    package init?(size: UInt64, headers: [(range: Range<UInt64>, octets: [UInt8])]) {
        self.size = size
        var end: UInt64 = 0
        for (range, octets) in headers {
            guard range.lowerBound >= end, range.upperBound <= size, let made = SurrogateHeader.make(of: octets) else {
                continue
            }
            end = range.upperBound
            exchanges.append(Exchange(range: range, octets: made))
            self.size = self.size &- (range.upperBound - range.lowerBound) &+ UInt64(made.count)
        }
        if exchanges.isEmpty { return nil }
    }

    /// What is sent for a piece of the stored message, which begins at `offset`.
    ///
    /// A header that goes over several pieces is sent whole with the first of them.
    package func exchanged(_ piece: [UInt8], at offset: UInt64) -> [UInt8] {
        let end = offset &+ UInt64(piece.count)
        var made: [UInt8] = []
        var next = offset
        for exchange in exchanges where exchange.range.upperBound > offset && exchange.range.lowerBound < end {
            if exchange.range.lowerBound >= offset {
                made += piece[Int(next - offset)..<Int(exchange.range.lowerBound - offset)]
                made += exchange.octets
            }
            next = min(end, exchange.range.upperBound)
        }
        return next == offset && made.isEmpty ? piece : made + piece[Int(next - offset)...]
    }
}

extension MessageStructure {
    /// Where the headers of the message and of its parts are, in order: not those within embedded messages, which are
    /// content.
    package var headers: [Range<UInt64>] {
        var found: [Range<UInt64>] = []
        // No deeper than a parse allows.
        func add(_ part: MessagePart) {
            found.append(part.header)
            if case .multipart(let parts) = part.content { parts.forEach(add) }
        }
        add(root)
        return found
    }
}
