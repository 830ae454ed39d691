// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A server's answer to a command (RFC 5321 §4.2), with its enhanced status code (RFC 2034) where it has one.
package struct SMTPReply: Error, Sendable, Hashable {
    /// The first digit of the code, and the class of the enhanced status code.
    package var severity: Severity
    /// The other two digits: 0 to 99.
    package var digits: UInt8
    package var status: StatusDetail?
    /// Text without codes.
    ///
    /// None is the same as one that is empty.
    package var lines: [String]

    /// `code` is one of 200 to 599; it is written in this program's source and never comes from a peer.
    package init(_ code: UInt16, _ status: StatusDetail? = nil, _ lines: String...) {
        self.init(code, status, lines: lines)
    }

    package init(_ code: UInt16, _ status: StatusDetail? = nil, lines: [String]) {
        guard let severity = Severity(rawValue: UInt8(clamping: code / 100)) else {
            preconditionFailure("a reply code is 200 to 599")
        }
        self.init(severity, digits: UInt8(code % 100), status, lines: lines)
    }

    package init(_ severity: Severity, digits: UInt8, _ status: StatusDetail?, lines: [String]) {
        self.severity = severity
        self.digits = digits
        self.status = severity == .intermediate ? nil : status
        self.lines = lines
    }

    package var code: UInt16 { UInt16(severity.rawValue) * 100 + UInt16(digits % 100) }

    package var enhancedStatusCode: EnhancedStatusCode? { status.map { EnhancedStatusCode(severity, $0) } }

    /// Whether the command did what was asked, or may go on.
    package var isPositive: Bool { severity == .success || severity == .intermediate }

    /// On one line, for logs: `550 5.1.1 No such mailbox`.
    package var summary: String {
        let codes = ["\(code)", enhancedStatusCode?.description].compactMap(\.self)
        return (codes + lines.prefix(1)).joined(separator: " ")
    }

    /// As `summary`, with every line: `550 5.1.1 No such mailbox / Ask somebody`.
    package var wholeText: String {
        let codes = ["\(code)", enhancedStatusCode?.description].compactMap(\.self)
        return (codes + [lines.joined(separator: " / ")]).joined(separator: " ")
    }

    /// Octets of one line with its line end (RFC 5321 §4.5.3.1.5).
    package static let maximumLineOctets = 512

    /// The lines as they are sent.
    ///
    /// Text that does not fit its line is cut, and what is neither printable ASCII nor blank is sent as `?`, so that no
    /// text from elsewhere can end a line.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        let texts = lines.isEmpty ? [""] : lines
        for (position, text) in texts.enumerated() {
            var line = Array("\(code)".utf8)
            line.append(position == texts.count - 1 ? ASCII.space : 0x2D)
            if let enhancedStatusCode { line += Array("\(enhancedStatusCode)".utf8) + [ASCII.space] }
            line += text.utf8.prefix(Self.maximumLineOctets - 2 - line.count).map {
                $0 >= 0x20 && $0 < 0x7F ? $0 : 0x3F
            }
            while line.last == ASCII.space, line.count > 4 { line.removeLast() }
            bytes += line + [ASCII.cr, ASCII.lf]
        }
        return bytes
    }
}
