// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Encodes a message as the body of a multi-line response (RFC 1939 §3), chunk by chunk, with the same result wherever
/// the chunks are cut. Octets are passed as they are but for:
/// - a dot after CRLF, or at the start, which is doubled;
/// - a line of a dot alone after a bare LF, whose dot is doubled too. By the RFC that is no line start, but clients
///   that read lines up to LF would take it for the end and the rest of the message for replies;
/// - the end, where a missing CRLF is added before the terminating `.` CRLF.
package struct DotStuffer: Sendable {
    private enum State {
        case lineStart, middle, afterCR, afterBareLF
        /// A dot after a bare LF, not yet written.
        case heldDot
        /// As before, and a CR; neither is written yet.
        case heldDotCR
    }

    private var state = State.lineStart

    package init() {}

    /// The encoded octets of `chunk`; up to two of them may come out with the next call.
    package mutating func encode(_ chunk: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(chunk.count + chunk.count / 32 + 8)
        var index = 0
        while index < chunk.count { advance(chunk, &index, &output) }
        return output
    }

    /// What ends the response.
    package mutating func finish() -> [UInt8] {
        defer { state = .lineStart }
        return switch state {
        case .lineStart: Array(".\r\n".utf8)
        case .middle, .afterCR, .afterBareLF: Array("\r\n.\r\n".utf8)
        case .heldDot: Array("..\r\n.\r\n".utf8)
        case .heldDotCR: Array("..\r\r\n.\r\n".utf8)
        }
    }

    /// Encodes one octet, or in the middle of a line all up to the next dot that begins a line.
    private mutating func advance(_ chunk: [UInt8], _ index: inout Int, _ output: inout [UInt8]) {
        let octet = chunk[index]
        switch (state, octet) {
        case (.middle, _):
            return copyPlainRun(chunk, &index, &output)
        case (.lineStart, ASCII.dot):
            output.append(ASCII.dot)
            state = .middle
        case (.afterBareLF, ASCII.dot):
            state = .heldDot
            index += 1
            return
        case (.heldDot, ASCII.cr):
            state = .heldDotCR
            index += 1
            return
        case (.heldDot, _):
            output += octet == ASCII.lf ? [ASCII.dot, ASCII.dot] : [ASCII.dot]
            state = Self.state(after: octet, afterCR: false)
        case (.heldDotCR, _):
            output += octet == ASCII.lf ? [ASCII.dot, ASCII.dot, ASCII.cr] : [ASCII.dot, ASCII.cr]
            state = Self.state(after: octet, afterCR: true)
        case (.lineStart, _), (.afterBareLF, _):
            state = Self.state(after: octet, afterCR: false)
        case (.afterCR, _):
            state = Self.state(after: octet, afterCR: true)
        }
        output.append(octet)
        index += 1
    }

    /// Copies octets among which nothing is to be doubled, from the middle of a line on.
    private mutating func copyPlainRun(_ chunk: [UInt8], _ index: inout Int, _ output: inout [UInt8]) {
        let start = index
        index = Self.dotAfterLF(in: chunk, from: start + 1) ?? chunk.count
        output += chunk[start..<index]
        let endsWithCR = index - 1 > start && chunk[index - 2] == ASCII.cr
        state = Self.state(after: chunk[index - 1], afterCR: endsWithCR)
    }

    /// The first dot that has an LF before it, of those at `start` (1 or more) and behind.
    ///
    /// Looks for dots, not for lines, because there are fewer of them.
    private static func dotAfterLF(in chunk: [UInt8], from start: Int) -> Int? {
        unsafe chunk.withUnsafeBytes { octets in
            var index = start
            while let dot = unsafe OctetSearch.first(ASCII.dot, in: octets, from: index) {
                if unsafe octets[dot - 1] == ASCII.lf { return dot }
                index = dot + 1
            }
            return nil
        }
    }

    private static func state(after octet: UInt8, afterCR: Bool) -> State {
        switch octet {
        case ASCII.lf: afterCR ? .lineStart : .afterBareLF
        case ASCII.cr: .afterCR
        default: .middle
        }
    }
}
