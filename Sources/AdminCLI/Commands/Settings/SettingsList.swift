// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Settings

extension Command {
    static func settingsList(_ tree: SettingsTree) -> Command {
        let under = Argument(
            "UNDER",
            help: "A service (imap) or an instance of it (imap/1)",
            isOptional: true,
            completion: .words(Set(tree.declarations.map { SettingsTree.divide($0.path).service }).sorted())
        )
        let set = Option("--set", help: "Only those that are set")
        let markdown = Option("--markdown", help: "The reference of all settings, as in docs/settings.md")
        return Command(
            "list",
            aliases: ["ls", "enum"],
            summary: "List settings with the values in force and where they come from",
            arguments: [under],
            options: [set, .classic, markdown, .json],
            examples: ["martlet settings list imap", "martlet settings list --set --json"],
            action: .perform { (invocation) throws(CommandError) in
                if invocation.has(markdown) {
                    invocation.terminal.write(tree.markdown)
                    return
                }
                var query = invocation.words(under).map { AdminRequest.Parameter("under", $0) }
                if invocation.has(set) { query.append(AdminRequest.Parameter("set", "yes")) }
                let settings = try await invocation.ask(.get, ["settings"], query: query)
                if invocation.has(.classic) {
                    for setting in settings.array ?? [] { invocation.terminal.write(setting.shown("classic") + "\n") }
                    return
                }
                invocation.show(
                    settings,
                    columns: [
                        ("PATH", { $0.shown("path") }), ("VALUE", { $0.shown("value") }),
                        ("ORIGIN", { $0.shown("origin") }),
                    ]
                )
            }
        )
    }
}
