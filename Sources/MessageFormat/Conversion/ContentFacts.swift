// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What the octets of a message demand of the way they are sent (RFC 2045 §2.7 to §2.9).
package struct ContentFacts: Sendable, Hashable {
    /// Octets of a line without its line end (RFC 5322 §2.1.1).
    package static let longestLine = 998

    /// An octet above 127 anywhere.
    package var hasEightBit = false
    /// An octet above 127 in the message's own header (RFC 6532 §3.2).
    package var hasEightBitHeader = false
    package var hasNull = false
    /// A CR or LF that is no part of a CRLF.
    package var hasBareNewline = false
    /// A line of more than `longestLine` octets.
    package var hasLongLine = false

    package init() {}

    /// Whether the octets are neither 7bit nor 8bit data (RFC 2045 §2.9).
    package var isBinary: Bool { hasNull || hasBareNewline || hasLongLine }

    /// The facts of a whole message.
    package init(of message: [UInt8]) {
        var scanner = Scanner()
        scanner.read(message)
        self = scanner.facts
    }

    /// The facts of some octets of a message, taken for themselves and for a body.
    init(ofBody range: Range<Int>, in message: [UInt8]) {
        var scanner = Scanner(isBody: true)
        unsafe scanner.read(message.span.bytes.extracting(range))
        self = scanner.facts
    }

    /// Looks at octets as they come, cut anywhere.
    package struct Scanner: Sendable {
        private var found = ContentFacts()
        private var inHeader: Bool
        private var lineOctets = 0
        private var afterCR = false

        package init(isBody: Bool = false) { inHeader = !isBody }

        /// What was found so far; a CR at the very end stands alone.
        package var facts: ContentFacts {
            var facts = found
            if afterCR { facts.hasBareNewline = true }
            return facts
        }

        package mutating func read(_ input: RawSpan) {
            var offset = 0
            while offset < input.byteCount {
                let end = afterCR ? offset : endOfPlainRun(input, from: offset)
                if end > offset { pass(end &- offset) }
                offset = end
                guard offset < input.byteCount else { break }
                step(unsafe input.unsafeLoad(fromByteOffset: offset, as: UInt8.self))
                offset &+= 1
            }
        }

        /// As above, for octets in an array.
        package mutating func read(_ input: [UInt8]) { unsafe read(input.span.bytes) }

        /// The first octet from `start` on that is a control of lines, NUL, or above 127.
        private func endOfPlainRun(_ input: RawSpan, from start: Int) -> Int {
            var offset = start
            while offset &+ 8 <= input.byteCount {
                let word = unsafe input.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                guard Self.isPlain(word) else { break }
                offset &+= 8
            }
            while offset < input.byteCount {
                let octet = unsafe input.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
                guard octet > 0x0F, octet < 0x80 else { break }
                offset &+= 1
            }
            return offset
        }

        /// Whether all eight octets are 16 to 127: none is above 127, and none has its upper four bits clear.
        private static func isPlain(_ word: UInt64) -> Bool {
            let high = word & 0x8080_8080_8080_8080
            let upper = (word & 0x7070_7070_7070_7070) &+ 0x7070_7070_7070_7070
            return high == 0 && upper & 0x8080_8080_8080_8080 == 0x8080_8080_8080_8080
        }

        private mutating func pass(_ count: Int) {
            lineOctets = lineOctets.addingReportingOverflow(count).overflow ? .max : lineOctets &+ count
            if lineOctets > ContentFacts.longestLine { found.hasLongLine = true }
        }

        private mutating func step(_ octet: UInt8) {
            if afterCR, octet != ASCII.lf { found.hasBareNewline = true }
            switch octet {
            case ASCII.lf:
                if !afterCR { found.hasBareNewline = true }
                if lineOctets == 0 { inHeader = false }
                lineOctets = 0
            case ASCII.cr: break
            case ASCII.null:
                found.hasNull = true
                pass(1)
            default:
                if octet >= 0x80 {
                    found.hasEightBit = true
                    if inHeader { found.hasEightBitHeader = true }
                }
                pass(1)
            }
            afterCR = octet == ASCII.cr
        }
    }
}
