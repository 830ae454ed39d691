// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountAppPassword = Command(
        "app-password",
        summary: "Passwords for single programs of a user",
        discussion: "Made up by the server, shown once, and taken away without a change to any other. It goes where a "
            + "password is sent (PLAIN, LOGIN); SCRAM knows the account's own password only.",
        subcommands: [.appPasswordAdd, .appPasswordList, .appPasswordRemove]
    )

    static let appPasswordAdd = Command(
        "add",
        summary: "Make one, and show it",
        arguments: [.address, .appPasswordName],
        options: [.appPasswordService, .json],
        examples: ["martlet account app-password add ann@example.org phone --service imap --service submission"],
        action: .perform { (invocation) throws(CommandError) in
            let services = invocation.values(.appPasswordService)
            var body = [JSONMember("name", .string(try invocation.word(.appPasswordName)))]
            if !services.isEmpty { body.append(JSONMember("services", .strings(services))) }
            let made = try await invocation.ask(
                .post,
                ["accounts", invocation.word(.address), "app-passwords"],
                body: .object(body)
            )
            invocation.show(made) { "Password: \($0.shown("password"))\nIt is not shown again." }
        }
    )

    static let appPasswordList = Command(
        "list",
        aliases: ["ls"],
        summary: "List them",
        arguments: [.address],
        options: [.json],
        examples: ["martlet account app-password list ann@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            invocation.show(
                try await invocation.ask(.get, ["accounts", invocation.word(.address), "app-passwords"]),
                columns: [
                    ("NAME", { $0.shown("name") }), ("SERVICES", { $0.shown("services") }),
                    ("CREATED", { momentText($0["created"]) }), ("LAST USED", { momentText($0["lastUsed"]) }),
                ]
            )
        }
    )

    static let appPasswordRemove = Command(
        "remove",
        aliases: ["rm", "delete"],
        summary: "Take one away",
        discussion: "From the next log-on on, within 250 ms; who is logged on stays so.",
        arguments: [.address, .appPasswordName],
        options: [.json],
        examples: ["martlet account app-password remove ann@example.org phone"],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.appPasswordName)
            let answer = try await invocation.ask(
                .delete,
                ["accounts", invocation.word(.address), "app-passwords", name]
            )
            invocation.show(answer) { _ in "App password \(name) removed." }
        }
    )
}

extension Argument {
    static let appPasswordName = Argument("NAME", help: "What the user calls it, such as the name of a device")
}

extension Option {
    static let appPasswordService = Option(
        "--service",
        value: "imap|pop3|submission",
        help: "Log on by this only; may be given several times",
        isRepeated: true,
        completion: .words(["imap", "pop3", "submission"])
    )
}
