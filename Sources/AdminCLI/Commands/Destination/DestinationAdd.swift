// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let destinationAdd = Command(
        "add",
        summary: "Add a rule for domains",
        arguments: [.destinationName],
        options: Option.destinationOptions + [.json],
        examples: [
            "martlet destination add bank --domain bank.example --domain '*.bank.example' --security verify",
            "martlet destination add slow --domain slow.example --connections 2 --retry '10m, 1h, 4h'",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.destinationName)
            let members = [JSONMember("name", .string(name))] + (try invocation.destinationMembers())
            let rule = try await invocation.ask(.post, ["destinations"], body: .object(members))
            invocation.show(rule) { "Rule \($0.shown("name")) added for \($0.shown("domains"))." }
        }
    )
}
