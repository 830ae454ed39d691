// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MilterWire
internal import Runtime
internal import SMTPWire

/// Arguments of commands, in the words that filters know.
enum MilterArguments {
    /// The path, then each parameter.
    static func words(of mail: MailCommand) -> [String] {
        var mail = mail
        mail.trace = nil
        return words(SMTPCommand.mail(mail).encoded, behind: "MAIL FROM:", "\(mail.reversePath)")
    }

    static func words(of recipient: RecipientCommand) -> [String] {
        var recipient = recipient
        (recipient.account, recipient.delivery, recipient.isSentCopy) = (nil, nil, false)
        return words(SMTPCommand.recipient(recipient).encoded, behind: "RCPT TO:", "\(recipient.forwardPath)")
    }

    private static func words(_ line: [UInt8], behind verb: String, _ path: String) -> [String] {
        let rest = line.dropFirst(verb.utf8.count + path.utf8.count).prefix { $0 != 0x0D }
        return [path] + rest.split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The address in brackets stands for a name that is not known.
    static func host(of facts: MilterClientFacts) -> String {
        if case .unix = facts.peer { return "localhost" }
        return facts.name ?? "[\(facts.peer.host)]"
    }

    static func peer(_ peer: SocketAddress) -> MilterCommand.Peer {
        switch peer {
        case .ipv4: .ipv4(peer.host, port: peer.port)
        case .ipv6: .ipv6(peer.host, port: peer.port)
        case .unix: .ipv4("127.0.0.1", port: 0)
        }
    }
}

/// Values that filters may want to know, by the names that the protocol's users gave them.
enum MilterMacros {
    static func connect(_ facts: MilterClientFacts) -> [String: String] {
        let address = facts.peer == .unix ? "127.0.0.1" : facts.peer.host
        return [
            "j": facts.hostName, "daemon_name": facts.listener, "v": "Martlet",
            "_": "\(MilterArguments.host(of: facts)) [\(address)]",
            "client_addr": address, "client_port": "\(facts.peer.port)",
            "client_name": facts.name ?? "unknown", "client_resolve": facts.resolution,
            "client_ptr": facts.pointer ?? "unknown",
            "daemon_addr": facts.local.host, "daemon_port": "\(facts.local.port)", "if_addr": facts.local.host,
            "if_name": facts.hostName,
        ]
    }

    static func hello(_ facts: MilterEnvelopeFacts) -> [String: String] {
        guard let tls = facts.tls else { return [:] }
        return ["tls_version": tls.version, "cipher": tls.cipher]
    }

    static func id(_ facts: MilterEnvelopeFacts) -> [String: String] { ["i": facts.id] }

    static func mail(_ mail: MailCommand, _ facts: MilterEnvelopeFacts) -> [String: String] {
        var macros = id(facts).merging(hello(facts)) { first, _ in first }
        if let user = facts.user { macros.merge(["auth_authen": user, "auth_type": "PLAIN"]) { first, _ in first } }
        if let address = mail.reversePath.address {
            macros["mail_host"] = address.domain.text
            macros["mail_addr"] = "\(address)"
        }
        return macros
    }

    static func recipient(_ recipient: RecipientCommand, _ facts: MilterEnvelopeFacts) -> [String: String] {
        var macros = id(facts)
        if case .address(let address) = recipient.forwardPath {
            macros["rcpt_host"] = address.domain.text
            macros["rcpt_addr"] = "\(address)"
        }
        return macros
    }

    static func endOfMessage(_ messageID: String?, _ facts: MilterEnvelopeFacts) -> [String: String] {
        var macros = id(facts)
        if let messageID { macros["msg_id"] = messageID }
        return macros
    }

    /// Those that the filter asked for, or all; names of more than one letter stand in braces.
    static func choose(_ macros: [String: String], _ wanted: [String]?) -> [(name: String, value: String)] {
        let names = wanted.map { $0.map(bare) } ?? macros.keys.sorted()
        return names.compactMap { name in
            macros[name].map { (name.utf8.count > 1 ? "{\(name)}" : name, $0) }
        }
    }

    private static func bare(_ name: String) -> String {
        name.hasPrefix("{") && name.hasSuffix("}") ? String(name.dropFirst().dropLast()) : name
    }
}
