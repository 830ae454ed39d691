// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static func settingsExplain(_ path: Argument) -> Command {
        Command(
            "explain",
            summary: "Tell all about a setting: meaning, type, range, default, value in force and its origin",
            arguments: [path],
            options: [.json],
            examples: ["martlet settings explain imap/share-retry-attempts"],
            action: .perform { (invocation) throws(CommandError) in
                let setting = try await invocation.ask(.get, invocation.valuePath(path))
                invocation.show(setting, text: explanation)
            }
        )
    }
}

private func explanation(_ setting: JSONValue) -> String {
    var facts = [
        ("value", setting.shown("value")), ("origin", setting.shown("origin")), ("default", setting.shown("default")),
        ("type", setting.shown("type")),
    ]
    if !setting.shown("allowed").isEmpty { facts.append(("allowed", setting.shown("allowed"))) }
    facts.append(("takes effect", setting["live"]?.bool == true ? "at once" : "when the service restarts"))
    facts.append(("per instance", setting.shown("perInstance")))
    if !setting.shown("classicNames").isEmpty { facts.append(("classic name", setting.shown("classicNames"))) }
    let lines = facts.map {
        "  \($0.0):" + String(repeating: " ", count: 14 - $0.0.count) + PrintableText.escaped($0.1)
    }
    return ([setting.shown("path"), setting.shown("help"), ""] + lines).joined(separator: "\n")
}
