// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static func settingsGet(_ path: Argument) -> Command {
        Command(
            "get",
            summary: "Show the value in force",
            arguments: [path],
            options: [.classic, .json],
            examples: [
                "martlet settings get imap/share-retry-attempts",
                "martlet settings get imapsvc/1/ImapShareRetryAttempts --classic",
            ],
            action: .perform { (invocation) throws(CommandError) in
                let setting = try await invocation.ask(.get, invocation.valuePath(path))
                invocation.show(setting) { $0.shown(invocation.has(.classic) ? "classic" : "value") }
            }
        )
    }
}
