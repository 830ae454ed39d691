// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

extension Command {
    /// The verbs on settings; `metabase` is what classic administrators look for.
    static func settings(_ tree: SettingsTree) -> Command {
        let path = Argument.settingPath(tree)
        return Command(
            "settings",
            aliases: ["metabase"],
            summary: "See and change settings",
            discussion: "A setting is named by its path (imap/share-retry-attempts), for one instance with its number "
                + "between (imap/1/share-retry-attempts), or by its classic name (imapsvc/1/ImapShareRetryAttempts). "
                + "Changes take effect at once where \"settings explain\" says so. The file is martlet.conf in the data "
                + "folder; comments in it are kept.",
            examples: [
                "martlet settings set imap/share-retry-attempts 16",
                "martlet metabase get imapsvc/1/ImapShareRetryAttempts --classic",
            ],
            subcommands: [
                .settingsGet(path), .settingsSet(path), .settingsUnset(path), .settingsList(tree),
                .settingsExplain(path),
                .settingsCheck, .settingsHistory, .settingsDiff, .settingsRollback,
            ]
        )
    }
}

extension Argument {
    static func settingPath(_ tree: SettingsTree) -> Argument {
        Argument("PATH", help: "The setting", completion: .words(tree.declarations.map(\.path)))
    }
}

extension Option {
    static let classic = Option("--classic", help: "Answer in the form of the classic tools")
}

extension Invocation {
    /// The path of the operation on the value of the setting that was named.
    func valuePath(_ path: Argument) throws(CommandError) -> [String] {
        ["settings", "values"]
            + (try word(path)).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    /// Says what an edit of one setting came to, and what is wrong in the file besides.
    func showEdit(_ edit: JSONValue) {
        show(edit) { edit in
            guard let setting = edit["setting"] else { return "" }
            let isLive = setting["live"]?.bool == true
            let origin = setting.shown("origin")
            let done =
                edit["version"] == .null ? " (unchanged)" : isLive ? "" : " (takes effect when the service restarts)"
            let isUnset = edit["changes"]?.array?.first?["new"] == .null
            let from =
                origin == "default" ? " (the default)" : origin == "service" && isUnset ? " (from the service)" : ""
            return "\(setting.shown("path")) = \(setting.shown("value"))\(from)\(done)"
        }
        for problem in edit["problems"]?.array ?? [] {
            terminal.complain("martlet: note: \(problem.shown("text"))\n")
        }
    }
}
