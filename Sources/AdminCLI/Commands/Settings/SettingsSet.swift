// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools

extension Command {
    static func settingsSet(_ path: Argument) -> Command {
        Command(
            "set",
            summary: "Set a value",
            arguments: [path, .settingValue],
            options: [.json],
            examples: [
                "martlet settings set imap/share-retry-sleep 250ms",
                "martlet settings set smtp/1/maximum-message-size 100MiB",
            ],
            action: .perform { (invocation) throws(CommandError) in
                let value = try invocation.word(.settingValue)
                let edit = try await invocation.ask(.put, invocation.valuePath(path), body: ["value": .string(value)])
                invocation.showEdit(edit)
            }
        )
    }
}

extension Argument {
    static let settingValue = Argument("VALUE", help: "The value, with its unit (250ms, 64KiB); a list with commas")
}
