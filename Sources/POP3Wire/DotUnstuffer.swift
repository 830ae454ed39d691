// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads the body of a multi-line response (RFC 1939 §3), wherever its octets are cut: takes a dot off lines that begin
/// with one, and finds the end, a dot alone between CRLFs.
///
/// Lines begin behind CRLF only: a bare LF is an octet as any other.
package struct DotUnstuffer: Sendable {
    private enum State {
        case lineStart, middle, afterCR
        /// A dot at the start of a line, not yet written.
        case dot
        /// As before, and a CR.
        case dotCR
        case complete
    }

    private var state = State.lineStart

    package init() {}

    package var isComplete: Bool { state == .complete }

    /// Takes octets up to the end of the response: how many were taken; what they stand for is added to `output`.
    ///
    /// - Throws: when a line that begins with one dot and another octet comes, which no server sends: the offset is that
    ///   in `chunk`.
    package mutating func decode(_ chunk: [UInt8], into output: inout [UInt8]) throws(POP3ReplyError) -> Int {
        var index = 0
        while index < chunk.count, state != .complete {
            if state == .middle {
                copyLine(chunk, &index, &output)
            } else {
                try advance(chunk[index], at: index, &output)
                index += 1
            }
        }
        return index
    }

    private mutating func advance(_ octet: UInt8, at index: Int, _ output: inout [UInt8]) throws(POP3ReplyError) {
        switch (state, octet) {
        case (.lineStart, ASCII.dot): return state = .dot
        case (.dot, ASCII.cr): return state = .dotCR
        case (.dot, ASCII.dot): state = .middle
        case (.dotCR, ASCII.lf): return state = .complete
        case (.dot, _), (.dotCR, _): throw POP3ReplyError(offset: index, expected: "a dot or the end behind a dot")
        case (.afterCR, ASCII.lf): state = .lineStart
        case (_, ASCII.cr): state = .afterCR
        default: state = .middle
        }
        output.append(octet)
    }

    private mutating func copyLine(_ chunk: [UInt8], _ index: inout Int, _ output: inout [UInt8]) {
        let end = chunk[index...].firstIndex(of: ASCII.cr)
        output += chunk[index..<(end ?? chunk.count)]
        index = end ?? chunk.count
        guard end != nil else { return }
        output.append(ASCII.cr)
        index += 1
        state = .afterCR
    }
}
