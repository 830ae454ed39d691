// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension MessageConversion {
    /// The result from its first octet to its last, in pieces that are never empty.
    package var pieces: Pieces { Pieces(self) }

    package struct Pieces: Sequence, IteratorProtocol, Sendable {
        /// Octets of the message that one piece is made of; whole lines of base64.
        private static let pieceOctets = 57 * 1024

        private let conversion: MessageConversion
        private var segment = 0
        /// Octets of the current segment that are done.
        private var offset = 0
        private var encoder = QuotedPrintableEncoder()

        init(_ conversion: MessageConversion) { self.conversion = conversion }

        package mutating func next() -> [UInt8]? {
            while segment < conversion.segments.count {
                let piece = nextOfSegment()
                if !piece.isEmpty { return piece }
                (segment, offset, encoder) = (segment + 1, 0, QuotedPrintableEncoder())
            }
            return nil
        }

        /// Empty at the end of the segment.
        private mutating func nextOfSegment() -> [UInt8] {
            switch conversion.segments[segment] {
            case .insert(let octets):
                defer { offset = octets.count }
                return offset == 0 ? octets : []
            case .copy(let range): return Array(conversion.octets[take(from: range)])
            case .base64(let range): return base64(range)
            case .quotedPrintable(let range):
                var taken = take(from: range)
                let isCut = taken.upperBound < range.upperBound && conversion.octets[taken.upperBound - 1] == ASCII.cr
                if isCut, taken.count > 1 {
                    taken = taken.lowerBound..<(taken.upperBound - 1)
                    offset -= 1
                }
                var output: [UInt8] = []
                encoder.encode(conversion.octets, taken, end: range.upperBound, into: &output)
                return output
            }
        }

        private mutating func take(from range: Range<Int>) -> Range<Int> {
            let start = range.lowerBound + offset
            let end = Swift.min(range.upperBound, start + Self.pieceOctets)
            offset += end - start
            return start..<end
        }

        // Lines of 76 characters (RFC 2045 §6.8); none ends the last, which the delimiter behind it does.
        private mutating func base64(_ range: Range<Int>) -> [UInt8] {
            let taken = take(from: range)
            var output: [UInt8] = []
            var start = taken.lowerBound
            while start < taken.upperBound {
                let end = Swift.min(taken.upperBound, start + 57)
                output += Base64.encode(conversion.octets[start..<end])
                if end < range.upperBound { output += [ASCII.cr, ASCII.lf] }
                start = end
            }
            return output
        }
    }
}
