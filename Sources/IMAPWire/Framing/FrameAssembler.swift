// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Joins the lines and literals of one command or response to a frame (RFC 9051 §2.2).
///
/// ### A command of two lines and a literal
/// ```
/// C: a1 LOGIN {5}            add(line:)    -> .literal(5, waits)
/// S: + go ahead
/// C: alice secret            add(literal:), add(line:) -> .complete
/// ```
package struct FrameAssembler: Sendable {
    package enum Step: Hashable, Sendable {
        /// The frame is whole: its octets without the last line end.
        case complete([UInt8])
        /// Octets follow by count, then more of the line. `frame` has all that came so far.
        case literal(LiteralMarker)
    }

    /// What came of the frame so far.
    ///
    /// After a literal marker its line end is the last that is here.
    package private(set) var bytes: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { bytes.isEmpty }

    /// Takes a line without its line end.
    ///
    /// A bare LF counts as CRLF here.
    package mutating func add(line: [UInt8]) -> Step {
        if bytes.isEmpty { bytes = line } else { bytes += line }
        if let marker = LiteralMarker(atEndOf: line) {
            bytes += [ASCII.cr, ASCII.lf]
            return .literal(marker)
        }
        defer { bytes = [] }
        return .complete(bytes)
    }

    package mutating func add(literal octets: [UInt8]) { bytes += octets }

    /// The literal that was announced last is kept elsewhere: the frame goes on as if it had no octets.
    package mutating func omitLiteral() {
        guard let brace = bytes.lastIndex(of: 0x7B) else { return }
        bytes.removeSubrange(brace...)
        bytes += Array("{0}\r\n".utf8)
    }

    /// Forgets a frame that will not be completed.
    package mutating func reset() { bytes = [] }
}
