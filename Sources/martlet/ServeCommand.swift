// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Catalogue
internal import ServiceControl
internal import Settings

extension Command {
    private static let portBase = Option(
        "--port-base",
        value: "N",
        help: "Add N to every port (kept as the setting service/port-base)"
    )

    /// `martlet serve`.
    static let serve = Command(
        "serve",
        summary: "Run the mail server in the foreground",
        discussion:
            "Binds the ports, starts the services and watches over them until SIGTERM or Ctrl-C. Makes the data "
            + "folder when it is missing.",
        options: [portBase],
        examples: ["martlet serve --data /var/lib/martlet", "martlet serve --data ./mail --port-base 10000"],
        action: .takeOver(run)
    )

    private static func run(_ invocation: Invocation) -> Int32 {
        let layout = InstanceLayout(data: invocation.dataFolder)
        do throws(InstanceError) {
            try layout.prepare()
            if let text = invocation.value(portBase) { try set(ServiceSettings.portBase, to: text, layout) }
            try ServiceControlProcess.run(
                layout,
                tree: settingsTree,
                makeEvents: Workers.makeEvents
            )
            return ExitCode.success.rawValue
        } catch {
            invocation.terminal.complain("martlet serve: \(error.message)\n")
            return error.exitCode
        }
    }

    private static func set<Value>(
        _ key: SettingKey<Value>,
        to text: String,
        _ layout: InstanceLayout
    ) throws(InstanceError) {
        let file = SettingsFile(dataFolder: layout.data, tree: settingsTree)
        guard file.load().snapshot[key].settingText != text else { return }
        do throws(SettingsError) {
            _ = try file.set(key.path, to: text, author: "martlet serve")
        } catch {
            throw InstanceError("\(key.path): \(error)", exitCode: ExitCode.usage.rawValue)
        }
    }
}
