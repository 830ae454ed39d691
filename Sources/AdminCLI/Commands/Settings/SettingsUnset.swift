// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static func settingsUnset(_ path: Argument) -> Command {
        Command(
            "unset",
            summary: "Take a value out, so that the inherited one or the default holds again",
            arguments: [path],
            options: [.json],
            examples: ["martlet settings unset imap/1/share-retry-attempts"],
            action: .perform { (invocation) throws(CommandError) in
                invocation.showEdit(try await invocation.ask(.delete, invocation.valuePath(path)))
            }
        )
    }
}
