// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let groupAdd = Command(
        "add",
        summary: "Add a group",
        arguments: [.address, .groupMembers],
        options: [.groupOwner, .groupSender, .json],
        examples: [
            "martlet group add staff@example.org ann@example.org bob@example.org --sender users",
            "martlet group add news@example.org ann@example.com --owner ann@example.org --sender ann@example.org",
        ],
        action: .perform { (invocation) throws(CommandError) in
            let members = [
                JSONMember("address", .string(try invocation.word(.address))),
                JSONMember("members", .strings(invocation.words(.groupMembers))),
            ]
            let group = try await invocation.ask(.post, ["groups"], body: .object(members + invocation.groupRules()))
            invocation.show(group, text: groupText)
        }
    )
}
