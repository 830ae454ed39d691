// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI

extension Command {
    static let groupShow = Command(
        "show",
        summary: "Show one group",
        arguments: [.address],
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let group = try await invocation.ask(.get, ["groups", invocation.word(.address)])
            invocation.show(group, text: groupText)
        }
    )
}
