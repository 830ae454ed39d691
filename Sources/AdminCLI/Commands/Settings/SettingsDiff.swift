// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let settingsDiff = Command(
        "diff",
        summary: "Show what differs between two versions",
        discussion:
            "With one version: between it and the file as it is. Without: between the last version and the file, "
            + "which is what was changed by hand since.",
        arguments: [.fromVersion, .toVersion],
        options: [.json],
        examples: ["martlet settings diff", "martlet settings diff 3", "martlet settings diff 3 7"],
        action: .perform { (invocation) throws(CommandError) in
            var from = invocation.words(.fromVersion).first
            if from == nil {
                let versions = try await invocation.ask(.get, ["settings", "history"]).array ?? []
                from = versions.last?.shown("version") ?? "0"
            }
            let query = [("from", from), ("to", invocation.words(.toVersion).first)]
                .compactMap { name, value in value.map { AdminRequest.Parameter(name, $0) } }
            let changes = try await invocation.ask(.get, ["settings", "differences"], query: query)
            invocation.show(changes) { changes in
                let lines = (changes.array ?? []).map { $0.shown("text") }
                return lines.isEmpty ? "No setting differs." : lines.joined(separator: "\n")
            }
        }
    )
}

extension Argument {
    static let fromVersion = Argument("FROM", help: "A version; 0 is the empty file", isOptional: true)
    static let toVersion = Argument("TO", help: "A version; else the file as it is", isOptional: true)
}
