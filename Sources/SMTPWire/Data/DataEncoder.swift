// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Writes message data for DATA: stuffs dots (RFC 5321 §4.5.2), completes the last line, and ends with
/// CR LF "." CR LF exactly once.
///
/// Every path that sends message data by DATA goes through it. Its memory is two bits, so that the message may be cut
/// into buffers anywhere.
package struct DataEncoder: Sendable {
    private enum State: Sendable {
        case lineStart
        case text
        case afterCR
    }

    private var state = State.lineStart
    private let treatment: BareNewlineTreatment

    /// `.keep` sends a CR or LF that stands alone as it is (no dot behind it is stuffed).
    ///
    /// What is sent to other systems is normalised, since they may take it for a line end.
    package init(bareNewlines treatment: BareNewlineTreatment) { self.treatment = treatment }

    /// Appends the wire form of `input` to `output`.
    package mutating func encode(_ input: RawSpan, into output: inout [UInt8]) {
        var offset = 0
        while offset < input.byteCount {
            if state == .text, offset > 0 {
                let end = LineScan.endOfPlainRun(in: input, from: offset)
                copyPlainRun(input, offset..<end, into: &output)
                offset = end
            }
            let blockEnd = min(input.byteCount, offset &+ 34)
            while offset < blockEnd {
                step(unsafe input.unsafeLoad(fromByteOffset: offset, as: UInt8.self), &output)
                offset &+= 1
            }
        }
    }

    /// As above, for octets in an array.
    package mutating func encode(_ input: [UInt8], into output: inout [UInt8]) {
        unsafe encode(input.span.bytes, into: &output)
    }

    /// Ends the data: completes the last line (F-53) and writes the terminator.
    ///
    /// An empty message is one dot.
    package mutating func finish(into output: inout [UInt8]) {
        switch state {
        case .lineStart: break
        case .afterCR where treatment == .normalize:
            output += [ASCII.space, ASCII.cr, ASCII.lf]
        case .text, .afterCR: output += [ASCII.cr, ASCII.lf]
        }
        output += [ASCII.dot, ASCII.cr, ASCII.lf]
        state = .lineStart
    }

    /// Copies octets among which there is nothing to do.
    ///
    /// A CR at the end is held back when its meaning matters.
    private mutating func copyPlainRun(_ input: RawSpan, _ range: Range<Int>, into output: inout [UInt8]) {
        guard let last = range.last else { return }
        let octet = unsafe input.unsafeLoad(fromByteOffset: last, as: UInt8.self)
        let isHeld = octet == ASCII.cr && treatment == .normalize
        let octets = input.extracting(range.lowerBound..<(isHeld ? last : range.upperBound))
        unsafe octets.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        state = octet == ASCII.cr ? .afterCR : octet == ASCII.lf ? .lineStart : .text
    }

    private mutating func step(_ octet: UInt8, _ output: inout [UInt8]) {
        if state == .afterCR, treatment == .normalize { output.append(octet == ASCII.lf ? ASCII.cr : ASCII.space) }
        switch octet {
        case ASCII.cr:
            state = .afterCR
            if treatment == .keep { output.append(octet) }
        case ASCII.lf where state == .afterCR:
            output.append(octet)
            state = .lineStart
        case ASCII.lf where treatment == .normalize:
            output += [ASCII.cr, ASCII.lf]
            state = .lineStart
        case ASCII.dot where state == .lineStart:
            output += [ASCII.dot, ASCII.dot]
            state = .text
        default:
            output.append(octet)
            state = .text
        }
    }
}
