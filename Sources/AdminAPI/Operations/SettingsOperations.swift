// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Settings

let settingsRoutes = [
    AdminRoute(.get, "v1/settings") { (request, context) throws(AdminError) in
        let (snapshot, _) = await context.settings.load()
        let addresses = context.settings.tree.addresses(under: request["under"] ?? "", in: snapshot)
        let settings = addresses.map(snapshot.effective)
        return .array(settings.filter { request["set"] == nil || $0.origin != .default }.map(\.json))
    },
    AdminRoute(.get, "v1/settings/problems") { (_, context) throws(AdminError) in
        .array(await context.settings.load().problems.map(\.json))
    },
    AdminRoute(.get, "v1/settings/history") { (_, context) throws(AdminError) in
        .array(await context.settings.versions().map(\.summary))
    },
    AdminRoute(.get, "v1/settings/differences") { (request, context) throws(AdminError) in
        let versions = 0...Int(Int32.max)
        let changes = try await context.settings.differences(
            from: request.number("from", in: versions),
            to: request.number("to", in: versions)
        )
        return .array(changes.map(\.json))
    },
    AdminRoute(.post, "v1/settings/rollback") { (request, context) throws(AdminError) in
        guard let number = request.body?["version"]?.integer, let version = Int(exactly: number) else {
            throw AdminError(.badRequest, "The body must be a JSON object with a number \"version\".")
        }
        return try await context.settings.rollback(to: version, by: request.caller).json()
    },
    AdminRoute(.get, "v1/settings/values/*path") { (request, context) throws(AdminError) in
        let address = try context.settings.resolve(request.settingPath)
        return await context.settings.load().snapshot.effective(address).json
    },
    AdminRoute(.put, "v1/settings/values/*path") { (request, context) throws(AdminError) in
        let address = try context.settings.resolve(request.settingPath)
        let value = try request.text("value")
        return try await context.settings.set(address.path, to: value, by: request.caller).json(address)
    },
    AdminRoute(.delete, "v1/settings/values/*path") { (request, context) throws(AdminError) in
        let address = try context.settings.resolve(request.settingPath)
        return try await context.settings.unset(address.path, by: request.caller).json(address)
    },
]

extension AdminRequest {
    fileprivate var settingPath: String { path.dropFirst(3).joined(separator: "/") }
}

extension EffectiveSetting {
    var json: JSONValue {
        let declaration = address.declaration
        return [
            "path": .string(path), "value": .string(text), "origin": .string(origin.rawValue),
            "default": .string(declaration.defaultText), "type": .string(declaration.typeName),
            "allowed": .string(declaration.allowed), "live": .bool(declaration.isLive),
            "perInstance": .bool(declaration.perInstance), "classicNames": .strings(declaration.classicNames),
            "classic": .string(classicLine), "help": .string(declaration.help),
        ]
    }
}

extension SettingsEdit {
    /// What was done, and with an `address` how it stands there now.
    func json(_ address: SettingAddress? = nil) -> JSONValue {
        [
            "version": .optional(version), "changes": .array(changes.map(\.json)),
            "setting": address.map { snapshot.effective($0).json } ?? .null, "problems": .array(problems.map(\.json)),
        ]
    }
}

extension SettingsProblem {
    var json: JSONValue {
        [
            "line": .optional(line), "key": .optional(key), "kind": .string(kind.rawValue), "reason": .string(reason),
            "text": .string(description),
        ]
    }
}

extension SettingChange {
    var json: JSONValue {
        ["path": .string(path), "old": .optional(old), "new": .optional(new), "text": .string(description)]
    }
}

extension SettingsVersion {
    var summary: JSONValue {
        [
            "version": .integer(Int64(number)), "time": .string(Timestamp.text(nanoseconds: time, fractionDigits: 0)),
            "author": .string(author), "changes": .array(changes.map(\.json)),
        ]
    }
}
