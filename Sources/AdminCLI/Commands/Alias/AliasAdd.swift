// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let aliasAdd = Command(
        "add",
        summary: "Make an address stand for others, of this server or of other servers",
        arguments: [.address, .aliasTargets],
        options: [.json],
        examples: [
            "martlet alias add sales@example.org ann@example.org bob@example.com",
            "martlet alias add '*@example.org' ann@example.org",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let alias = try await invocation.ask(
                .post,
                ["aliases"],
                body: [
                    "address": .string(invocation.word(.address)), "targets": .strings(invocation.words(.aliasTargets)),
                ]
            )
            invocation.show(alias) { "Alias \($0.shown("address")) added: \($0.shown("targets"))" }
        }
    )
}

extension Argument {
    static let aliasTargets = Argument("TARGET", help: "An address that gets the mail", isRepeated: true)
}
