// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MessageFormat
internal import SMTPWire

/// A message that a program gave to `sendmail`, as it is left in the pickup folder.
struct SendmailMessage: Sendable, Equatable {
    /// The file's octets: envelope lines, then the message.
    let file: [UInt8]

    /// - Parameters:
    ///   - input: standard input.
    ///   - user: the name of the user who calls.
    ///   - host: for the From field that `-F` makes of a user.
    init(_ input: [UInt8], _ options: SendmailOptions, user: String, host: String) throws(CommandError) {
        var text = input
        if !options.ignoresDots { text = Self.untilDot(text) }
        // The line that begins a message in an mbox file.
        if text.starts(with: Array("From ".utf8)) {
            text = Array(text[(text.firstIndex(of: ASCII.lf).map { $0 + 1 } ?? text.count)...])
        }
        let fields = HeaderFields(text)
        var recipients = options.recipients.flatMap { $0.split(separator: ",").map(Self.trimmed) }
        if options.readsRecipients { recipients += try Self.recipients(fields) }
        recipients.removeAll(where: \.isEmpty)
        guard !recipients.isEmpty else {
            throw CommandError(.usage, "sendmail: nobody is named who is to get the message.")
        }
        let sender = options.sender ?? user
        var head = "X-Sender: <\(sender)>"
        if let returns = options.returns { head += " RET=\(returns)" }
        if let id = options.envelopeID { head += " ENVID=\(Self.xtext(id))" }
        try Self.check("MAIL FROM:", sender, head.dropFirst("X-Sender: <\(sender)>".count), "sender")
        head += "\n"
        let parameters = options.notify.map { " NOTIFY=\($0)" } ?? ""
        for recipient in recipients.map(Self.bare) {
            try Self.check("RCPT TO:", recipient, parameters[...], "recipient")
            head += "X-Receiver: <\(recipient)>\(parameters)\n"
        }
        head += "X-Envelope-End: yes\n"
        if let name = options.fullName, fields.values(of: "From").isEmpty, !sender.isEmpty {
            let address = sender.contains("@") ? sender : "\(sender)@\(host)"
            head += "From: \(Self.quoted(name)) <\(address)>\n"
        }
        // A text without a header begins with an empty line, which divides header and body.
        if HeaderFields(text).first(where: { _ in true }).map({ $0.name.isEmpty }) ?? false { head += "\n" }
        file = Array(head.utf8) + text
    }

    /// Sees that the server can read a line of the envelope: it could tell nobody that it cannot.
    private static func check(
        _ verb: String,
        _ address: String,
        _ parameters: Substring,
        _ role: String
    ) throws(CommandError) {
        let isWhole = address.isEmpty || address.contains("@") || ASCII.uppercased(address) == "POSTMASTER"
        let path = isWhole ? address : "\(address)@localhost"
        guard (try? SMTPCommand.parse(Array("\(verb)<\(path)>\(parameters)".utf8))) != nil else {
            let shown = PrintableText.escaped(String("<\(address)>\(parameters)".prefix(200)))
            throw CommandError(.data, "sendmail: no \(role) can be made of \(shown)")
        }
    }

    /// What comes before a line that is a dot and nothing else.
    private static func untilDot(_ text: [UInt8]) -> [UInt8] {
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: ASCII.lf) ?? text.count
            var line = text[start..<end]
            if line.last == ASCII.cr { line.removeLast() }
            if line.count == 1, line.first == ASCII.dot { return Array(text[..<start]) }
            start = end + 1
        }
        return text
    }

    private static func recipients(_ fields: HeaderFields) throws(CommandError) -> [String] {
        let resent = ["Resent-To", "Resent-Cc", "Resent-Bcc"]
        let names = resent.contains { !fields.values(of: $0).isEmpty } ? resent : ["To", "Cc", "Bcc"]
        var found: [String] = []
        for name in names {
            for value in fields.values(of: name) {
                for entry in EnvelopeAddress.list(parsing: value) where !entry.isGroupStart && !entry.isGroupEnd {
                    let (local, host) = (text(entry.mailbox), text(entry.host))
                    guard !local.isEmpty else {
                        throw CommandError(.data, "sendmail: \(name) holds what is no address.")
                    }
                    found.append(host.isEmpty ? quotedLocal(local) : "\(quotedLocal(local))@\(host)")
                }
            }
        }
        return found
    }

    private static func text(_ octets: [UInt8]?) -> String { String(decoding: octets ?? [], as: UTF8.self) }

    /// A local part as it stands in an envelope.
    private static func quotedLocal(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { octet in
            ASCII.isAlphanumeric(octet) || octet >= 0x80 || "!#$%&'*+-/=?^_`{|}~.".utf8.contains(octet)
        }
        return isPlain ? text : quoted(text)
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for character in text {
            if character == "\"" || character == "\\" { quoted.append("\\") }
            quoted.append(character)
        }
        return quoted + "\""
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    private static func bare(_ address: String) -> String {
        address.hasPrefix("<") && address.hasSuffix(">") ? String(address.dropFirst().dropLast()) : address
    }

    // xtext = *( xchar / hexchar )    RFC 3461 §4
    private static func xtext(_ text: String) -> String {
        text.utf8.map { octet in
            let isPlain = octet > 0x20 && octet < 0x7F && octet != 0x2B && octet != 0x3D
            return isPlain
                ? String(Character(Unicode.Scalar(octet))) : "+" + ASCII.uppercased(Hex.encode([octet]))
        }.joined()
    }
}
