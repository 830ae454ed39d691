// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MessageFormat

/// What a report returns of the message: all of it, or its header (RFC 3461 §6.2, RFC 6533 §4.3).
struct ReturnedContent {
    /// Octets of a header that is returned.
    private static let maximumHeaderOctets = 32 << 10

    let mediaType: String
    let octets: [UInt8]

    init(_ message: ReportedMessage, full: Bool, usesUTF8: Bool) {
        let isWhole = UInt64(message.beginning.count) == message.size
        let facts = ContentFacts(of: message.beginning)
        let fits = message.beginning.count <= DeliveryReports.originalOctets
        let isInUTF8 = usesUTF8 && facts.hasEightBitHeader
        if full, isWhole, fits, !facts.hasNull, !facts.hasBareNewline {
            mediaType = isInUTF8 ? "message/global" : "message/rfc822"
            octets = message.beginning
        } else {
            mediaType = isInUTF8 ? "message/global-headers" : "text/rfc822-headers"
            octets = Self.header(of: message.beginning)
        }
    }

    /// The fields up to the empty line, or as many lines of them as are returned, each made a line.
    private static func header(of message: [UInt8]) -> [UInt8] {
        var header: [UInt8] = []
        for line in message.prefix(maximumHeaderOctets).split(separator: ASCII.lf, omittingEmptySubsequences: false) {
            var line = line
            while line.last == ASCII.cr { line.removeLast() }
            guard !line.isEmpty else { break }
            // A line that the bound cut in the middle is left out.
            guard line.endIndex < maximumHeaderOctets || message.count <= maximumHeaderOctets else { break }
            header += line.prefix(ContentFacts.longestLine).map {
                $0 == ASCII.null || $0 == ASCII.cr ? UInt8(ascii: "?") : $0
            }
            header += [ASCII.cr, ASCII.lf]
        }
        return header
    }
}
