// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let settingsRollback = Command(
        "rollback",
        summary: "Go back to a version, which makes a new one",
        arguments: [.version],
        options: [.json],
        examples: ["martlet settings rollback 3"],
        action: .perform { (invocation) throws(CommandError) in
            guard let version = Int64(try invocation.word(.version)), version >= 0 else {
                throw CommandError(.usage, "VERSION is a number. See: martlet settings history")
            }
            let edit = try await invocation.ask(.post, ["settings", "rollback"], body: ["version": .integer(version)])
            invocation.show(edit) { edit in
                guard edit["version"] != .null else { return "The file is the same as version \(version)." }
                let lines = (edit["changes"]?.array ?? []).map { $0.shown("text") }
                return (["Version \(edit.shown("version")) is in force."] + lines).joined(separator: "\n")
            }
        }
    )
}

extension Argument {
    static let version = Argument("VERSION", help: "A version of \"martlet settings history\"; 0 is the empty file")
}
