// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What a peer sent instead of a reply.
package enum SMTPReplyError: Error, Sendable, Hashable {
    /// A line that does not begin with a code.
    case notAReply
    /// More lines or octets than a reply may have.
    case tooLong
}

/// Reads replies from octets as they come, cut anywhere (RFC 5321 §4.2.1).
///
/// Strict where it matters: a line begins with three digits, 2 to 5 first, then space, hyphen or the end. Tolerant where
/// servers are known to err: lines may end with LF alone, the text may be missing, and when the codes of the lines
/// differ, the last decides.
package struct SMTPReplyParser: Sendable {
    package static let maximumLines = 256
    package static let maximumOctets = 65_536

    private var line: [UInt8] = []
    private var lines: [String] = []
    private var status: StatusDetail?
    private var octets = 0

    package init() {}

    /// Whether part of a reply has been read.
    package var isInside: Bool { octets > 0 }

    /// Reads up to the end of one reply.
    ///
    /// `consumed` octets of `input` are done with; without a reply that is all.
    package mutating func read(_ input: RawSpan) throws(SMTPReplyError) -> (consumed: Int, reply: SMTPReply?) {
        for offset in 0..<input.byteCount {
            let octet = unsafe input.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            octets += 1
            guard octets <= Self.maximumOctets else { throw .tooLong }
            guard octet == ASCII.lf else {
                line.append(octet)
                continue
            }
            if let reply = try endLine() { return (offset + 1, reply) }
        }
        return (input.byteCount, nil)
    }

    /// As above, for octets in an array.
    package mutating func read(_ input: [UInt8]) throws(SMTPReplyError) -> (consumed: Int, reply: SMTPReply?) {
        unsafe try read(input.span.bytes)
    }

    // Reply-line = *( Reply-code "-" [ textstring ] CRLF ) Reply-code [ SP textstring ] CRLF    RFC 5321 §4.2
    private mutating func endLine() throws(SMTPReplyError) -> SMTPReply? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == ASCII.cr { line.removeLast() }
        guard let code = Decimal.parse(line.prefix(3)), line.count >= 3,
            let severity = Severity(rawValue: UInt8(clamping: code / 100))
        else { throw .notAReply }
        let mark = line.dropFirst(3).first
        guard mark == nil || mark == ASCII.space || mark == 0x2D else { throw .notAReply }
        guard lines.count < Self.maximumLines else { throw .tooLong }
        let (found, text) = Self.enhancedStatus(line.dropFirst(4), severity)
        status = found ?? status
        lines.append(String(decoding: text, as: UTF8.self))
        guard mark != 0x2D else { return nil }
        defer { self = SMTPReplyParser() }
        return SMTPReply(severity, digits: UInt8(code % 100), found ?? status, lines: lines)
    }

    // status-code = class "." subject "." detail    RFC 3463 §2; one whose class is not the reply's is text
    private static func enhancedStatus(
        _ text: ArraySlice<UInt8>,
        _ severity: Severity
    ) -> (StatusDetail?, ArraySlice<UInt8>) {
        let word = text.prefix { $0 != ASCII.space }
        let numbers = word.split(separator: ASCII.dot, omittingEmptySubsequences: false)
        guard numbers.count == 3, Decimal.parse(numbers[0]) == UInt64(severity.rawValue),
            let subject = Decimal.parse(numbers[1], maximum: 999), let detail = Decimal.parse(numbers[2], maximum: 999)
        else { return (nil, text) }
        return (StatusDetail(UInt16(subject), UInt16(detail)), text.dropFirst(word.count + 1))
    }
}
