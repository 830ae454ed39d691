// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads message data as it comes off the wire: undoes dot-stuffing (RFC 5321 §4.5.2), finds the end, and sees every CR
/// and LF that stands alone.
///
/// Its whole memory is `state` and counters, so that input may be cut anywhere. The first line of the data is a line
/// start like any other.
package struct DataDecoder: Sendable {
    /// How the end is known.
    package enum Framing: Sendable, Hashable {
        /// DATA: lines with stuffed dots, ended by CR LF "." CR LF.
        case dotted
        /// BDAT: as many octets as were announced (RFC 3030 §2); no dot means anything.
        case counted
    }

    private enum State: Sendable {
        case lineStart
        /// Within a line.
        case text
        /// A CR was read and is not yet written.
        case afterCR
        /// A dot at a line start was read and is not written.
        case dot
        /// A dot at a line start and a CR were read and are not written.
        case dotCR
        case ended
    }

    private var state: State
    private let framing: Framing
    private let treatment: BareNewlineTreatment
    /// Octets read so far.
    package private(set) var wireOctets: UInt64 = 0
    /// The first CR or LF on its own.
    package private(set) var firstBareNewline: BareNewline?
    package private(set) var bareNewlineCount: UInt64 = 0

    package init(framing: Framing, bareNewlines treatment: BareNewlineTreatment) {
        self.framing = framing
        self.treatment = treatment
        state = framing == .dotted ? .lineStart : .text
    }

    /// Whether the end of the data was read.
    ///
    /// Never with counted framing.
    package var isAtEnd: Bool { state == .ended }

    /// Reads from `input` and appends what it stands for to `output`.
    ///
    /// Returns how many octets were read: all of them, or those up to and with the end of the data.
    package mutating func decode(_ input: RawSpan, into output: inout [UInt8]) -> Int {
        var cursor = Cursor()
        while cursor.offset < input.byteCount, state != .ended {
            if state == .text, cursor.offset > 0 {
                skipPlainRun(of: input, &cursor)
                guard cursor.offset < input.byteCount else { break }
            }
            let blockEnd = min(input.byteCount, cursor.offset &+ 34)
            repeat {
                let octet = unsafe input.unsafeLoad(fromByteOffset: cursor.offset, as: UInt8.self)
                step(octet, input, &cursor, &output)
                cursor.offset &+= 1
            } while cursor.offset < blockEnd && state != .ended
        }
        cursor.flush(input, before: held(cursor), into: &output)
        wireOctets &+= UInt64(cursor.offset)
        return cursor.offset
    }

    /// As above, for octets in an array.
    package mutating func decode(_ input: [UInt8], into output: inout [UInt8]) -> Int {
        unsafe decode(input.span.bytes, into: &output)
    }

    /// Ends counted data: writes a CR that was held back, which then stands alone.
    package mutating func finish(into output: inout [UInt8]) {
        guard state == .afterCR else { return }
        note(.carriageReturn, at: wireOctets &- 1)
        output.append(treatment == .keep ? ASCII.cr : ASCII.space)
        state = .text
    }

    /// Where the decoder stands in one buffer: octets from `run` on are to be copied as they are.
    private struct Cursor {
        var offset = 0
        var run = 0

        mutating func flush(_ input: RawSpan, before end: Int, into output: inout [UInt8]) {
            if run < end {
                let octets = input.extracting(run..<end)
                unsafe octets.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
            }
            run = max(run, end)
        }
    }

    /// Goes over octets among which there is nothing to do.
    ///
    /// They stay in the run.
    private mutating func skipPlainRun(of input: RawSpan, _ cursor: inout Cursor) {
        let end = LineScan.endOfPlainRun(in: input, from: cursor.offset)
        guard end > cursor.offset else { return }
        cursor.offset = end
        switch unsafe input.unsafeLoad(fromByteOffset: end &- 1, as: UInt8.self) {
        case ASCII.cr: state = .afterCR
        case ASCII.lf: state = framing == .dotted ? .lineStart : .text
        default: state = .text
        }
    }

    /// The end of what may be copied when the buffer ends: a CR whose meaning is open is held back.
    private func held(_ cursor: Cursor) -> Int {
        state == .afterCR && cursor.offset > cursor.run ? cursor.offset &- 1 : cursor.offset
    }

    private mutating func step(_ octet: UInt8, _ input: RawSpan, _ cursor: inout Cursor, _ output: inout [UInt8]) {
        switch state {
        case .lineStart where octet == ASCII.dot:
            state = .dot
            drop(input, &cursor, &output)
        case .lineStart, .text: plain(octet, input, &cursor, &output)
        case .afterCR where octet == ASCII.lf:
            if cursor.run == cursor.offset, cursor.offset == 0 { output.append(ASCII.cr) }
            state = framing == .dotted ? .lineStart : .text
        case .afterCR:
            bareCR(input, &cursor, &output, isInRun: cursor.offset > 0)
            plain(octet, input, &cursor, &output)
        case .dot where octet == ASCII.cr:
            state = .dotCR
            drop(input, &cursor, &output)
        case .dot: plain(octet, input, &cursor, &output)
        case .dotCR where octet == ASCII.lf:
            state = .ended
            drop(input, &cursor, &output)
        case .dotCR:
            bareCR(input, &cursor, &output, isInRun: false)
            plain(octet, input, &cursor, &output)
        case .ended: break
        }
    }

    /// An octet to which what came before means nothing.
    private mutating func plain(_ octet: UInt8, _ input: RawSpan, _ cursor: inout Cursor, _ output: inout [UInt8]) {
        switch octet {
        case ASCII.cr: state = .afterCR
        case ASCII.lf:
            note(.lineFeed, at: wireOctets &+ UInt64(cursor.offset))
            state = .text
            guard treatment == .normalize else { return }
            drop(input, &cursor, &output)
            output += [ASCII.cr, ASCII.lf]
        default: state = .text
        }
    }

    /// The octet before the one in hand was a CR and this one is no LF.
    ///
    /// `isInRun`: that CR is the last octet of the run; otherwise it was held back.
    private mutating func bareCR(_ input: RawSpan, _ cursor: inout Cursor, _ output: inout [UInt8], isInRun: Bool) {
        note(.carriageReturn, at: wireOctets &+ UInt64(cursor.offset) &- 1)
        guard treatment == .normalize || !isInRun else { return }
        cursor.flush(input, before: isInRun ? cursor.offset &- 1 : cursor.run, into: &output)
        output.append(treatment == .keep ? ASCII.cr : ASCII.space)
        cursor.run = cursor.offset
    }

    /// Leaves the octet in hand out of the output.
    private mutating func drop(_ input: RawSpan, _ cursor: inout Cursor, _ output: inout [UInt8]) {
        cursor.flush(input, before: cursor.offset, into: &output)
        cursor.run = cursor.offset &+ 1
    }

    private mutating func note(_ kind: BareNewline.Kind, at offset: UInt64) {
        bareNewlineCount &+= 1
        if firstBareNewline == nil { firstBareNewline = BareNewline(kind: kind, offset: offset) }
    }
}
