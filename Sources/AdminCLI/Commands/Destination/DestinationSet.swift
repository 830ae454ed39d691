// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let destinationSet = Command(
        "set",
        summary: "Change a rule; what is not named stays",
        discussion: "An empty value takes a setting out: --security \"\".",
        arguments: [.destinationName],
        options: Option.destinationOptions + [.json],
        examples: ["martlet destination set slow --connections 1"],
        action: .perform { (invocation) throws(CommandError) in
            let name = try invocation.word(.destinationName)
            let body = JSONValue.object(try invocation.destinationMembers())
            let rule = try await invocation.ask(.patch, ["destinations", name], body: body)
            invocation.show(rule) { "Rule \($0.shown("name")) changed." }
        }
    )
}
