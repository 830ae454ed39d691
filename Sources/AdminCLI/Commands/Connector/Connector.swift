// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let connector = Command(
        "connector",
        summary: "Ways out of this server: which domains, by which hosts, when, how protected",
        discussion: "A connector is a set of settings, connector/NAME/..., and a password where it logs on.",
        subcommands: [.connectorAdd, .connectorList, .connectorSet, .connectorRemove, .connectorTest]
    )
}

extension Argument {
    static let connectorName = Argument("NAME", help: "A connector")
}

extension Option {
    /// An option of `add` and `set`, and the setting that it is.
    private static let connectorSettings: [(option: Option, setting: String)] = [
        (
            Option(
                "--space",
                value: "DOMAIN[:COST]",
                help: "example.com, *.example.com or *; the least cost (1 to 100) is used",
                isRepeated: true
            ), "address-spaces"
        ),
        (
            Option(
                "--smart-host",
                value: "HOST[:PORT]",
                help: "A name or [address] that gets the mail; without one, each domain's own servers",
                isRepeated: true
            ), "smart-hosts"
        ),
        (Option("--security", value: "LEVEL", help: "TLS: none, may, require or verify"), "security"),
        (Option("--implicit-tls", value: "yes|no", help: "TLS from the first octet (port 465)"), "implicit-tls"),
        (Option("--user", value: "NAME", help: "Log on as; needs a password"), "user"),
        (Option("--source-ipv4", value: "ADDRESS", help: "Our address, as IPv4 hosts see it"), "source-ipv4"),
        (Option("--source-ipv6", value: "ADDRESS", help: "Our address, as IPv6 hosts see it"), "source-ipv6"),
        (Option("--helo-name", value: "NAME", help: "What we call ourselves"), "helo-name"),
        (
            Option(
                "--schedule",
                value: "HOURS",
                help: "When mail leaves: always, or mon-fri 22:00-06:00, sat 00:00-24:00"
            ),
            "schedule"
        ),
        (Option("--oversize-above", value: "SIZE", help: "Larger messages have hours of their own"), "oversize-above"),
        (Option("--oversize-schedule", value: "HOURS", help: "Those hours"), "oversize-schedule"),
        (
            Option(
                "--allow-sender",
                value: "WHO",
                help: "Only these addresses, domains or group:ADDRESS may send",
                isRepeated: true
            ),
            "allowed-senders"
        ),
        (
            Option("--deny-sender", value: "WHO", help: "These may not", isRepeated: true),
            "denied-senders"
        ),
        (Option("--maximum-size", value: "SIZE", help: "Larger messages are not taken"), "maximum-size"),
        (
            Option("--priority", value: "LEVEL", help: "Only low, normal or urgent messages", isRepeated: true),
            "priorities"
        ),
        (Option("--held", value: "yes|no", help: "Mail waits until somebody asks for it (ETRN, ATRN)"), "held"),
        (
            Option("--connections", value: "COUNT", help: "Transactions at a time with each destination, at most"),
            "connections"
        ),
        (
            Option(
                "--relay-user",
                value: "ADDRESS",
                help: "An account that may fetch held mail (ATRN)",
                isRepeated: true
            ),
            "relay-users"
        ),
        (
            Option("--drop-folder", value: "FOLDER", help: "Leave mail there as files, for programs to collect"),
            "drop-folder"
        ),
        (Option("--enabled", value: "yes|no", help: "no: mail waits"), "enabled"),
    ]

    static let connectorPasswordPrompt = Option("--password", help: "Ask for the password on the terminal")
    static let connectorOptions = connectorSettings.map(\.option) + [.passwordInput, .connectorPasswordPrompt]

    /// The settings that were given; an empty text takes one out.
    fileprivate static func settings(of invocation: Invocation) -> [JSONMember] {
        connectorSettings.compactMap { option, setting in
            guard invocation.has(option) else { return nil }
            let values = invocation.values(option).filter { !$0.isEmpty }
            return JSONMember(setting, .string(values.joined(separator: ", ")))
        }
    }
}

extension Invocation {
    /// What `add` and `set` send besides the name.
    func connectorMembers() throws(CommandError) -> [JSONMember] {
        var members = [JSONMember("settings", .object(Option.settings(of: self)))]
        if has(.passwordInput) {
            let line = terminal.readInput().prefix { $0 != ASCII.lf }
            let password = Array(line.last == ASCII.cr ? line.dropLast() : line)
            members.append(JSONMember("password", .string(try Self.text(password))))
        } else if has(.connectorPasswordPrompt) {
            guard let typed = terminal.readSecret("Password: ") else {
                throw CommandError(.usage, "There is no terminal to ask on. Pipe the password in: --password-stdin")
            }
            members.append(JSONMember("password", .string(try Self.text(typed))))
        }
        return members
    }

    private static func text(_ octets: [UInt8]) throws(CommandError) -> String {
        guard !octets.isEmpty, let text = String(validating: octets, as: UTF8.self) else {
            throw CommandError(.data, "The password is empty or no UTF-8. Nothing was changed.")
        }
        return text
    }
}
