// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static let accountShow = Command(
        "show",
        summary: "Show one account",
        arguments: [.address],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let account = try await invocation.ask(.get, ["accounts", invocation.word(.address)])
            invocation.show(account, text: accountText)
        }
    )
}
