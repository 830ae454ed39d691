// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import MessageFormat
internal import SMTPWire

/// Puts one report together (RFC 6522 §3, RFC 3464 §2).
struct ReportWriter {
    private let recipient: MailboxAddress
    private let isNotice: Bool
    private let message: ReportedMessage
    private let recipients: [ReportedRecipient]
    private let context: ReportContext
    private let number: Int
    private let text: FieldText

    init(
        to recipient: MailboxAddress,
        isNotice: Bool,
        _ message: ReportedMessage,
        _ recipients: [ReportedRecipient],
        _ context: ReportContext,
        number: Int
    ) {
        self.recipient = recipient
        self.isNotice = isNotice
        self.message = message
        self.recipients = recipients
        self.context = context
        self.number = number
        // RFC 6533 §5: who sent in UTF-8 can read it.
        let needsUTF8 = [recipient, context.postmaster].contains { !$0.description.utf8.allSatisfy { $0 < 0x80 } }
        text = FieldText(usesUTF8: (message.usesUTF8 && !isNotice) || needsUTF8)
    }

    var usesUTF8: Bool { text.usesUTF8 }

    func octets() -> [UInt8] {
        let explanation = ReportText(
            text: text,
            message: message,
            recipients: recipients,
            context: context,
            isNotice: isNotice
        )
        let status = StatusFields(text: text, message: message, recipients: recipients, context: context)
        // RFC 3461 §4.3: RET is about failures; other reports return no more than the header.
        let isFull = message.returns != .headers && recipients.contains { $0.action == .failed }
        let returned = ReturnedContent(message, full: isFull, usesUTF8: usesUTF8)
        let parts = [
            part(explanation.lines(), "text/plain", charset: true),
            part(status.lines(), usesUTF8 ? "message/global-delivery-status" : "message/delivery-status"),
            part(returned.octets, returned.mediaType),
        ]
        let boundary = boundary(notIn: returned.octets)
        var octets = Array(header(explanation.subject, boundary, parts.contains(where: isEightBit)).utf8)
        octets += Array("This is a report in parts (RFC 3464).\r\n".utf8)
        for part in parts { octets += Array("\r\n--\(boundary)\r\n".utf8) + part }
        return octets + Array("\r\n--\(boundary)--\r\n".utf8)
    }

    // MARK: Header

    private func header(_ subject: String, _ boundary: String, _ isEightBit: Bool) -> String {
        let host = text.word(context.reportingMTA)
        var header = text.field("From", "Mail Delivery System <\(context.postmaster)>")
        header += text.field("To", "<\(recipient)>")
        header += text.field("Date", StatusFields.date(context.now))
        header += text.field("Message-ID", "<\(text.word(context.messageID)).\(number)@\(host)>")
        header += text.field("Subject", subject)
        // RFC 3834 §5, and what programs that came before it look at.
        header += text.field("Auto-Submitted", isNotice ? "auto-generated" : "auto-replied")
        header += reference
        header += text.field("MIME-Version", "1.0")
        header += "Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"\(boundary)\"\r\n"
        if isEightBit { header += text.field("Content-Transfer-Encoding", "8bit") }
        return header + "\r\n"
    }

    /// RFC 3834 §3.1.5: names the message that is answered, where it has a name that can be repeated.
    private var reference: String {
        guard !isNotice,
            let id = HeaderFields(message.beginning).first(named: "Message-ID"),
            id.count <= 900, id.first == UInt8(ascii: "<"), id.last == UInt8(ascii: ">"),
            id.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return "" }
        let name = String(decoding: id, as: UTF8.self)
        return text.field("In-Reply-To", name) + text.field("References", name)
    }

    // MARK: Parts

    private func part(_ content: String, _ type: String, charset: Bool = false) -> [UInt8] {
        part(Array(content.utf8), type, charset: charset)
    }

    private func part(_ content: [UInt8], _ type: String, charset: Bool = false) -> [UInt8] {
        let isEightBit = isEightBit(content)
        var head = "Content-Type: \(type)" + (charset ? "; charset=\(isEightBit ? "utf-8" : "us-ascii")" : "") + "\r\n"
        if isEightBit { head += "Content-Transfer-Encoding: 8bit\r\n" }
        return Array((head + "\r\n").utf8) + content
    }

    private func isEightBit(_ octets: [UInt8]) -> Bool { octets.contains { $0 >= 0x80 } }

    /// One that the returned message has not in it; no line that we write ourselves begins with hyphens.
    private func boundary(notIn octets: [UInt8]) -> String {
        let stem = text.word(context.messageID).utf8.prefix(40).map { ASCII.isAlphanumeric($0) ? $0 : 0x2D }
        var turn = 0
        while true {
            let boundary = "=_\(String(decoding: stem, as: UTF8.self)).\(number).\(turn)"
            // Ends: each turn looks for another text, and there are fewer texts in the octets than octets.
            if !octets.contains(Array("--\(boundary)".utf8)) { return boundary }
            turn += 1
        }
    }
}

extension HeaderFields {
    /// The unfolded value of the first field with this name, looked for within a report's bound.
    fileprivate func first(named name: String) -> [UInt8]? {
        for (count, field) in HeaderFields(bytes).enumerated() {
            if count > 1_000 { return nil }
            if isNamed(name, field) { return unfolded(field) }
        }
        return nil
    }
}
