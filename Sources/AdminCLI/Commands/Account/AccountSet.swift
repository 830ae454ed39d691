// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let accountSet = Command(
        "set",
        summary: "Change what an account may do and hold",
        arguments: [.address],
        options: [.accountEnable, .accountDisable] + Option.accountSwitches + [.json],
        examples: [
            "martlet account set ann@example.org --imap off --quota 10GiB",
            "martlet account set ann@example.org --disable",
        ],
        action: .perform { (invocation) throws(CommandError) in
            var changes = try invocation.accountSwitches()
            switch (invocation.has(.accountEnable), invocation.has(.accountDisable)) {
            case (true, true): throw CommandError(.usage, "Only one of --enable and --disable can hold.")
            case (true, false): changes.append(JSONMember("enabled", true))
            case (false, true): changes.append(JSONMember("enabled", false))
            case (false, false): break
            }
            guard !changes.isEmpty else {
                throw CommandError(.usage, "Nothing to change was named. See: martlet account set --help")
            }
            let path = ["accounts", try invocation.word(.address)]
            invocation.show(try await invocation.ask(.patch, path, body: .object(changes)), text: accountText)
        }
    )
}

extension Option {
    static let accountEnable = Option("--enable", help: "Log-on and delivery again")
    static let accountDisable = Option("--disable", help: "Neither log-on nor delivery; what is stored stays")
}
