// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime
internal import SMTPWire

/// The fields that are put before a message on its way in (RFC 5321 §4.4).
struct TraceFields {
    var service: SMTPService
    var hostName: String
    var hello: HelloCommand?
    var peer: SocketAddress
    var tls: TLSFacts?
    var transaction: MailTransaction
    var date: MailDate
    /// What the domain name system calls the client, if that was looked up.
    var peerName: String?
    /// Lists that have the client.
    var marks = ""

    /// `Received`; at final delivery `Return-Path` and `Delivered-To` instead, for `Received` is there already.
    ///
    /// Final delivery is what Martlet's own transport asks for: a message that comes in by LMTP from elsewhere goes to
    /// the transport as all others do.
    var text: String {
        guard service == .internalLMTP else {
            return (marks.isEmpty ? "" : "X-Martlet-Listed: \(marks)\r\n") + received
        }
        // What somebody sent was not delivered to them.
        if transaction.recipients.contains(where: \.isSentCopy) { return "" }
        let addresses = transaction.recipients.flatMap(\.deliveries).map(\.address)
        let deliveredTo = addresses.count == 1 ? addresses.map { "Delivered-To: \($0)\r\n" }.joined() : ""
        return "Return-Path: \(transaction.reversePath)\r\n" + deliveredTo
    }

    // Time-stamp-line = "Received:" FWS Stamp <CRLF>
    // Stamp = From-domain By-domain Opt-info [CFWS] ";" FWS date-time    RFC 5321 §4.4
    private var received: String {
        var text = "Received: from \(from)\r\n\tby \(hostName) with \(with)"
        if let tls { text += " (\(tls.version))" }
        text += " id \(transaction.trace)"
        // A field of ours must not make a header of ASCII one that only some servers take; nobody needs the clause
        // (RFC 5321 §4.4).
        if transaction.recipients.count == 1, let only = transaction.recipients.first,
            "\(only.forwardPath)".utf8.allSatisfy({ $0 < 0x80 })
        {
            text += "\r\n\tfor \(only.forwardPath)"
        }
        if let tls { text += "\r\n\ttls \(tls.cipher)" }
        // RFC 6710 §6
        if let priority = transaction.mail.transferPriority { text += "\r\n\tpriority \(priority)" }
        return text + ";\r\n\t\(date.headerText)\r\n"
    }

    // Extended-Domain = Domain / ( Domain FWS "(" TCP-info ")" ) / ( address-literal FWS "(" TCP-info ")" )
    private var from: String {
        let literal =
            switch peer {
            case .ipv4: "[\(peer.host)]"
            case .ipv6: "[IPv6:\(peer.host)]"
            case .unix: "localhost"
            }
        // TCP-info = address-literal / ( Domain FWS address-literal )
        let info = peerName.map { "\($0) \(literal)" } ?? literal
        guard let hello else { return "\(literal) (\(info))" }
        if let domain = hello.domain, domain.text.utf8.allSatisfy({ $0 < 0x80 }) { return "\(domain) (\(info))" }
        return "\(literal) (helo \(Self.comment(hello.name)) \(info))"
    }

    /// Text that can do no harm in a comment: 64 characters at most.
    private static func comment(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(64).map {
                ASCII.isAlphanumeric($0) || $0 == ASCII.dot || $0 == 0x2D ? $0 : 0x3F
            },
            as: UTF8.self
        )
    }

    /// The protocol by its registered name (RFC 3848, RFC 6531 §4.3).
    private var with: String {
        let isESMTP = hello?.verb != .helo
        let base = service.isLMTP ? "LMTP" : transaction.mail.usesUTF8 ? "SMTP" : isESMTP ? "ESMTP" : "SMTP"
        return (transaction.mail.usesUTF8 ? "UTF8" : "") + base
            + (isESMTP && tls != nil ? "S" : "") + (isESMTP && transaction.user != nil ? "A" : "")
    }

    /// Fields that a submitted message lacks (RFC 6409 §8.2, §8.3).
    func completion(of header: HeaderSection) -> String {
        guard service == .submission else { return "" }
        return (header.hasDate ? "" : "Date: \(date.headerText)\r\n")
            + (header.hasMessageID ? "" : "Message-ID: <\(transaction.trace)@\(hostName)>\r\n")
    }
}
