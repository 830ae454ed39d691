// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let groupSet = Command(
        "set",
        summary: "Change a group",
        arguments: [.address],
        options: [.groupOwner, .groupSender, .groupMember, .groupAddMember, .groupRemoveMember, .json],
        examples: [
            "martlet group set staff@example.org --add cid@example.org --remove bob@example.org",
            "martlet group set staff@example.org --owner none --sender members --sender boss@example.com",
        ],
        action: .perform { (invocation) throws(CommandError) in
            var changes = invocation.groupRules()
            for (option, name) in [
                (Option.groupMember, "members"), (.groupAddMember, "add"), (.groupRemoveMember, "remove"),
            ] where invocation.has(option) {
                changes.append(JSONMember(name, .strings(invocation.values(option))))
            }
            guard !changes.isEmpty else {
                throw CommandError(.usage, "Nothing to change was named. See: martlet group set --help")
            }
            let path = ["groups", try invocation.word(.address)]
            invocation.show(try await invocation.ask(.patch, path, body: .object(changes)), text: groupText)
        }
    )
}

extension Option {
    static let groupMember = Option(
        "--member",
        value: "ADDRESS",
        help: "The members, in place of those that are there",
        isRepeated: true
    )
    static let groupAddMember = Option("--add", value: "ADDRESS", help: "One more member", isRepeated: true)
    static let groupRemoveMember = Option("--remove", value: "ADDRESS", help: "A member less", isRepeated: true)
}
