// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Gathers the header section of a message until it ends: at the empty line, or at the first line that is no field
/// (RFC 5322 §2.1).
struct HeaderSection {
    /// What came so far; once complete, with the octets of the body that came along.
    private(set) var octets: [UInt8] = []
    /// Where the header section ends, without the empty line; `nil` while it goes on.
    private(set) var end: Int?
    /// The section ends at a line that is no field, with no empty line between: a reader would go on.
    private(set) var endsAbruptly = false
    private(set) var receivedFields = 0
    private(set) var hasDate = false
    private(set) var hasMessageID = false
    private var lineStart = 0
    private var scanned = 0

    var isComplete: Bool { end != nil }
    var isTooLarge: Bool { end == nil && octets.count > SMTPLimits.headerOctets }

    /// The fields as octets.
    var fields: [UInt8] { Array(octets.prefix(end ?? octets.count)) }

    mutating func add(_ more: [UInt8]) {
        octets += more
        while end == nil, let lf = octets[scanned...].firstIndex(of: ASCII.lf) {
            take(lineStart..<lf)
            scanned = lf + 1
            lineStart = lf + 1
        }
        if end == nil { scanned = octets.count }
    }

    /// The message ended within its header section.
    mutating func finish() {
        if end == nil { end = octets.count }
    }

    private mutating func endAbruptly(_ line: Range<Int>) {
        end = line.lowerBound
        endsAbruptly = true
    }

    /// The section's own octets, then the rest; with `divided`, an empty line between them when it has none.
    func content(divided: Bool) -> [UInt8] {
        guard divided, endsAbruptly, let end else { return octets }
        return octets[..<end] + [ASCII.cr, ASCII.lf] + octets[end...]
    }

    private mutating func take(_ range: Range<Int>) {
        var line = octets[range]
        if line.last == ASCII.cr { line.removeLast() }
        guard let first = line.first else {
            end = range.lowerBound
            return
        }
        if ASCII.isBlank(first), range.lowerBound > 0 { return }
        // field-name = 1*ftext, then ":"    RFC 5322 §3.6.8; blanks before the colon are obsolete syntax
        guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex else { return endAbruptly(range) }
        var name = line[..<colon]
        while let last = name.last, ASCII.isBlank(last) { name.removeLast() }
        guard name.allSatisfy({ $0 > ASCII.space && $0 < 0x7F }) else { return endAbruptly(range) }
        if ASCII.equalIgnoringCase(name, "Received".utf8) { receivedFields += 1 }
        if ASCII.equalIgnoringCase(name, "Date".utf8) { hasDate = true }
        if ASCII.equalIgnoringCase(name, "Message-ID".utf8) { hasMessageID = true }
    }
}
