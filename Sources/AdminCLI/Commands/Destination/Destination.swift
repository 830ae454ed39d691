// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let destination = Command(
        "destination",
        summary: "What holds for mail to single domains: TLS, connections, retries, sizes",
        discussion: "A rule is a set of settings, destination/NAME/... For each domain the closest pattern counts: "
            + "example.com, else *.example.com, else *.",
        subcommands: [.destinationAdd, .destinationList, .destinationSet, .destinationRemove]
    )
}

extension Argument {
    static let destinationName = Argument("NAME", help: "A rule")
}

extension Option {
    /// An option of `add` and `set`, and the setting that it is.
    private static let destinationSettings: [(option: Option, setting: String)] = [
        (
            Option("--domain", value: "DOMAIN", help: "example.com, *.example.com or *", isRepeated: true),
            "domains"
        ),
        (Option("--security", value: "LEVEL", help: "TLS: none, may, require or verify"), "security"),
        (Option("--connector", value: "NAME", help: "Leave by this connector"), "connector"),
        (Option("--connections", value: "COUNT", help: "Transactions at a time, at most"), "connections"),
        (
            Option("--messages-per-connection", value: "COUNT", help: "Messages sent on one connection, at most"),
            "messages-per-connection"
        ),
        (
            Option("--recipients-per-message", value: "COUNT", help: "Recipients of one transaction, at most"),
            "recipients-per-message"
        ),
        (Option("--maximum-size", value: "SIZE", help: "Larger messages are refused"), "maximum-size"),
        (Option("--retry", value: "PAUSES", help: "Pauses between tries: 5m, 30m, 2h"), "retry"),
        (Option("--expire", value: "TIME", help: "Give up after so long: 1d"), "expire"),
    ]

    static let destinationOptions = destinationSettings.map(\.option)

    /// The settings that were given; an empty text takes one out.
    fileprivate static func destination(_ invocation: Invocation) -> [JSONMember] {
        destinationSettings.compactMap { option, setting in
            guard invocation.has(option) else { return nil }
            let values = invocation.values(option).filter { !$0.isEmpty }
            return JSONMember(setting, .string(values.joined(separator: ", ")))
        }
    }
}

extension Invocation {
    /// What `add` and `set` send besides the name.
    func destinationMembers() throws(CommandError) -> [JSONMember] {
        let settings = Option.destination(self)
        guard !settings.isEmpty else {
            throw CommandError(.usage, "Nothing to set was named. See: martlet destination add --help")
        }
        return [JSONMember("settings", .object(settings))]
    }
}
