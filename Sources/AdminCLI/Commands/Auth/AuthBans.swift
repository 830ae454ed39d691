// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Settings

extension Command {
    static let authBansList = Command(
        "list",
        aliases: ["ls"],
        summary: "List the bans in force",
        options: [.json],
        examples: ["martlet auth bans list"],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["auth", "bans"]),
                columns: [
                    ("SUBJECT", { $0.shown("subject") }), ("SINCE", { momentText($0["since"]) }),
                    ("UNTIL", { momentText($0["until"]) }), ("REASON", { $0.shown("reason") }),
                ]
            )
        }
    )

    static let authBansAdd = Command(
        "add",
        summary: "Ban an address or an account",
        discussion: "It holds wherever the client is, networks of directory/trusted-networks aside; who is logged on "
            + "stays so.",
        arguments: [.banSubject],
        options: [.banTime, .json],
        examples: ["martlet auth bans add 192.0.2.1 --for 2h", "martlet auth bans add ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let subject = try invocation.word(.banSubject)
            var members = [JSONMember("subject", .string(subject))]
            if let text = invocation.value(.banTime) {
                guard let time = Duration(settingText: text) else {
                    throw CommandError(.usage, "\(text) is no time, such as 30m, 2h or 7d.")
                }
                members.append(JSONMember("seconds", .integer(time.components.seconds)))
            }
            let answer = try await invocation.ask(.post, ["auth", "bans"], body: .object(members))
            invocation.show(answer) { _ in "\(subject) may not log on." }
        }
    )

    static let authBansLift = Command(
        "lift",
        aliases: ["remove", "rm"],
        summary: "Lift a ban",
        discussion: "The failures that led to it are forgotten, too.",
        arguments: [.banSubject],
        options: [.json],
        examples: ["martlet auth bans lift 192.0.2.1"],
        action: .perform { (invocation) throws(CommandError) in
            let subject = try invocation.word(.banSubject)
            let query = [AdminRequest.Parameter("subject", subject)]
            let answer = try await invocation.ask(.delete, ["auth", "bans"], query: query)
            invocation.show(answer) { _ in "\(subject) may log on again." }
        }
    )
}

extension Option {
    static let banTime = Option("--for", value: "TIME", help: "How long: 30m, 2h; an hour unless given")
}

/// Seconds since 1970 as a time of day; `never` for none.
func momentText(_ value: JSONValue?) -> String {
    guard let seconds = value?.integer else { return "never" }
    let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? "" : Timestamp.text(nanoseconds: nanoseconds, fractionDigits: 0)
}
