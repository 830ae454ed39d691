// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes
internal import MessageFormat
package import SMTPWire

/// A message as it lies in the pickup folder, taken apart.
///
/// ```
/// X-Sender: <ann@example.org>
/// X-Receiver: <bob@example.org> NOTIFY=NEVER
/// X-Receiver: <eve@example.net>
/// X-Envelope-End: yes
/// From: ann@example.org
/// Subject: what the rest is
///
/// A message. Lines may end with LF.
/// ```
///
/// X-Envelope-End may be left out; whoever writes messages of others puts it there, for what follows may look like a
/// line of the envelope.
///
/// Without X-Sender its sender is that of Sender, else the first of From; without X-Receiver its recipients are those of
/// To, Cc and Bcc (of Resent-To, Resent-Cc and Resent-Bcc, when there are such). No Bcc field stays in it.
package struct PickupMessage: Sendable, Hashable {
    package var mail: MailCommand
    package var recipients: [RecipientCommand]
    /// The header section with line ends of CR LF, without the empty line.
    package var header: [UInt8]
    /// The body, whose lines end with CR LF, whatever it is.
    package var body: [UInt8]
    package var hasDate = false
    package var hasMessageID = false
    package var hasFrom = false
    package var receivedFields = 0
    package var messageID: String?

    /// Why a file is not taken.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// Recipients of one file.
    private static let maximumRecipients = 100_000
    private static let maximumHeader = 1 << 20

    /// Reads a file whole.
    ///
    /// Total.
    ///
    /// - Parameter domain: of addresses that have none; without one, those are no addresses.
    package init(parsing file: [UInt8], domain: Domain?) throws(Fault) {
        guard !file.isEmpty else { throw Fault("the file is empty") }
        var octets: [UInt8] = []
        octets.reserveCapacity(file.count + file.count / 32)
        var decoder = DataDecoder(framing: .counted, bareNewlines: .normalize)
        _ = decoder.decode(file, into: &octets)
        decoder.finish(into: &octets)
        var start = 0
        var mail: MailCommand?
        recipients = []
        while let line = Self.line(octets, at: start) {
            if let value = Self.value(of: "X-Sender", in: octets[line]) {
                guard mail == nil else { throw Fault("X-Sender stands there twice") }
                mail = try Self.mail(value, domain)
            } else if let value = Self.value(of: "X-Receiver", in: octets[line]) {
                guard recipients.count < Self.maximumRecipients else { throw Fault("too many recipients") }
                recipients.append(try Self.recipient(value, domain))
            } else {
                let isEnd = Self.value(of: "X-Envelope-End", in: octets[line]) != nil
                if isEnd { start = min(line.upperBound + 2, octets.count) }
                break
            }
            start = min(line.upperBound + 2, octets.count)
        }
        let rest = Array(octets[start...])
        let end = Self.headerEnd(rest)
        guard end <= Self.maximumHeader else { throw Fault("the header section is too large") }
        header = Array(rest[..<end])
        body = Array(rest[end...])
        if body.starts(with: [ASCII.cr, ASCII.lf]) { body.removeFirst(2) }
        let fields = HeaderFields(header)
        if let mail { self.mail = mail } else { self.mail = try Self.sender(fields, domain) }
        if recipients.isEmpty { recipients = try Self.recipients(fields, domain) }
        guard !recipients.isEmpty else { throw Fault("nobody is named who is to get it") }
        readFields(fields)
    }

    /// Who sent a file of which no message can be made, as far as it says; `nil` when it does not.
    ///
    /// Total.
    package static func sender(of file: [UInt8], domain: Domain?) -> ReversePath? {
        var octets: [UInt8] = []
        var decoder = DataDecoder(framing: .counted, bareNewlines: .normalize)
        _ = decoder.decode(Array(file.prefix(maximumHeader)), into: &octets)
        decoder.finish(into: &octets)
        var start = 0
        while let line = Self.line(octets, at: start), !line.isEmpty {
            if let value = Self.value(of: "X-Sender", in: octets[line]) {
                return (try? Self.mail(value, domain))?.reversePath
            }
            guard Self.value(of: "X-Receiver", in: octets[line]) != nil else { break }
            start = min(line.upperBound + 2, octets.count)
        }
        let rest = Array(octets[start...])
        return (try? Self.sender(HeaderFields(Array(rest[..<headerEnd(rest)])), domain))?.reversePath
    }

    private mutating func readFields(_ fields: HeaderFields) {
        var kept: [UInt8] = []
        kept.reserveCapacity(header.count)
        for field in fields {
            if fields.isNamed("Bcc", field) || fields.isNamed("Resent-Bcc", field) { continue }
            kept += header[field.whole]
            if fields.isNamed("Date", field) { hasDate = true }
            if fields.isNamed("From", field) { hasFrom = true }
            if fields.isNamed("Received", field) { receivedFields += 1 }
            if fields.isNamed("Message-ID", field) {
                hasMessageID = true
                messageID = messageID ?? String(decoding: fields.unfolded(field).prefix(256), as: UTF8.self)
            }
        }
        header = kept
        if header.last.map({ $0 != ASCII.lf }) ?? false { header += [ASCII.cr, ASCII.lf] }
    }

    // MARK: The envelope

    /// A line without its line end; `nil` at the end.
    private static func line(_ octets: [UInt8], at start: Int) -> Range<Int>? {
        guard start < octets.count else { return nil }
        let end = octets[start...].firstIndex(of: ASCII.cr) ?? octets.count
        return start..<end
    }

    private static func value(of name: String, in line: ArraySlice<UInt8>) -> String? {
        guard let colon = line.firstIndex(of: 0x3A), ASCII.equalIgnoringCase(line[..<colon], name.utf8) else {
            return nil
        }
        var value = line[(colon + 1)...]
        while let first = value.first, ASCII.isBlank(first) { value.removeFirst() }
        while let last = value.last, ASCII.isBlank(last) { value.removeLast() }
        return String(decoding: value, as: UTF8.self)
    }

    /// `<address> PARAMETERS` of such a text, of an address alone, or of one without a domain.
    private static func bracketed(_ text: String, _ domain: Domain?) -> String {
        guard text.hasPrefix("<") else { return bracketed("<\(text)>", domain) }
        guard text != "<>", !text.hasPrefix("<> "), !text.utf8.contains(UInt8(ascii: "@")),
            let domain, let end = text.firstIndex(of: ">"), ASCII.uppercased(String(text[..<end])) != "<POSTMASTER"
        else { return text }
        return "\(text[..<end])@\(domain)\(text[end...])"
    }

    private static func mail(_ text: String, _ domain: Domain?) throws(Fault) -> MailCommand {
        guard case .mail(var mail) = try? SMTPCommand.parse(Array("MAIL FROM:\(bracketed(text, domain))".utf8)) else {
            throw Fault("X-Sender holds what is no address: \(PrintableText.escaped(String(text.prefix(200))))")
        }
        // What goes with a message between servers is not a user's to set.
        (mail.trace, mail.submitter, mail.size) = (nil, nil, nil)
        mail.usesUTF8 = mail.usesUTF8 || text.utf8.contains { $0 >= 0x80 }
        return mail
    }

    private static func recipient(_ text: String, _ domain: Domain?) throws(Fault) -> RecipientCommand {
        guard case .recipient(var command) = try? SMTPCommand.parse(Array("RCPT TO:\(bracketed(text, domain))".utf8))
        else {
            throw Fault("X-Receiver holds what is no address: \(PrintableText.escaped(String(text.prefix(200))))")
        }
        (command.account, command.delivery, command.isSentCopy) = (nil, nil, false)
        return command
    }

    private static func sender(_ fields: HeaderFields, _ domain: Domain?) throws(Fault) -> MailCommand {
        for name in ["Resent-Sender", "Resent-From", "Sender", "From"] {
            for value in fields.values(of: name) {
                if let address = try addresses(value, in: name, domain).first {
                    var mail = MailCommand(.address(address))
                    mail.usesUTF8 = "\(address)".utf8.contains { $0 >= 0x80 }
                    return mail
                }
            }
        }
        throw Fault("nobody is named who sends it")
    }

    private static func recipients(_ fields: HeaderFields, _ domain: Domain?) throws(Fault) -> [RecipientCommand] {
        let resent = ["Resent-To", "Resent-Cc", "Resent-Bcc"]
        let names = resent.contains { !fields.values(of: $0).isEmpty } ? resent : ["To", "Cc", "Bcc"]
        var found: [RecipientCommand] = []
        var known: Set<MailboxAddress> = []
        for name in names {
            for value in fields.values(of: name) {
                for address in try addresses(value, in: name, domain) where known.insert(address).inserted {
                    found.append(RecipientCommand(.address(address)))
                }
            }
        }
        return found
    }

    private static func addresses(
        _ value: [UInt8],
        in name: String,
        _ domain: Domain?
    ) throws(Fault) -> [MailboxAddress] {
        var found: [MailboxAddress] = []
        for entry in EnvelopeAddress.list(parsing: value) where !entry.isGroupStart && !entry.isGroupEnd {
            guard let local = entry.mailbox.flatMap({ LocalPart(String(decoding: $0, as: UTF8.self)) }),
                let host = entry.host.flatMap({ $0.isEmpty ? domain : Domain(String(decoding: $0, as: UTF8.self)) })
            else { throw Fault("\(name) holds what is no address") }
            found.append(MailboxAddress(localPart: local, domain: host))
        }
        return found
    }

    /// Where the header section ends: at the empty line, or at the first line that is no field.
    private static func headerEnd(_ octets: [UInt8]) -> Int {
        var end = 0
        for field in HeaderFields(octets) {
            guard !field.name.isEmpty else { break }
            end = field.whole.upperBound
        }
        return end
    }
}
