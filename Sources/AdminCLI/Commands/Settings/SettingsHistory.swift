// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static let settingsHistory = Command(
        "history",
        summary: "List the versions of martlet.conf: when, who, what",
        discussion: "A change by hand becomes a version when the settings are changed by a command the next time.",
        options: [.json],
        action: .perform { (invocation) throws(CommandError) in
            let versions = try await invocation.ask(.get, ["settings", "history"])
            invocation.show(
                versions,
                columns: [
                    ("VERSION", { $0.shown("version") }), ("TIME", { $0.shown("time") }),
                    ("AUTHOR", { $0.shown("author") }), ("CHANGES", changes),
                ]
            )
        }
    )
}

private func changes(_ version: JSONValue) -> String {
    let changes = version["changes"]?.array ?? []
    if changes.isEmpty { return "(comments or layout)" }
    let more = changes.count > 3 ? "; and \(changes.count - 3) more" : ""
    return changes.prefix(3).map { $0.shown("text") }.joined(separator: "; ") + more
}
