// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let aliasSet = Command(
        "set",
        summary: "Replace what an alias stands for",
        arguments: [.address, .aliasTargets],
        options: [.json],
        examples: ["martlet alias set sales@example.org bob@example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let alias = try await invocation.ask(
                .put,
                ["aliases", invocation.word(.address)],
                body: ["targets": .strings(invocation.words(.aliasTargets))]
            )
            invocation.show(alias) { "Alias \($0.shown("address")): \($0.shown("targets"))" }
        }
    )
}
