// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Events
internal import Runtime
package import Settings

/// The verbs on settings, off the caller's thread.
package struct SettingsAdministration: Sendable {
    private let file: SettingsFile
    private let live: LiveSettings?
    private let events: EventRecorder
    private let onChange: @Sendable () async -> Void

    /// - Parameters:
    ///   - live: what is in force in this process; without it, what the file says.
    ///   - onChange: is called after every change of the file, and has the workers load it.
    package init(
        file: SettingsFile,
        live: LiveSettings? = nil,
        events: EventRecorder,
        onChange: @escaping @Sendable () async -> Void = {}
    ) {
        self.file = file
        self.live = live
        self.events = events
        self.onChange = onChange
    }

    package var tree: SettingsTree { file.tree }

    /// The values in force and what is wrong in the file.
    package func load() async -> (snapshot: SettingsSnapshot, problems: [SettingsProblem]) {
        let previous = live?.current
        return await BlockingPool.shared.run { [file] in file.load(previous: previous) }
    }

    package func set(_ spelling: String, to text: String, by caller: AdminCaller) async throws(AdminError)
        -> SettingsEdit
    {
        try await edit(caller) { file, author in try file.set(spelling, to: text, author: author) }
    }

    package func unset(_ spelling: String, by caller: AdminCaller) async throws(AdminError) -> SettingsEdit {
        try await edit(caller) { file, author in try file.unset(spelling, author: author) }
    }

    package func rollback(to number: Int, by caller: AdminCaller) async throws(AdminError) -> SettingsEdit {
        try await edit(caller) { file, author in try file.rollback(to: number, author: author) }
    }

    package func versions() async -> [SettingsVersion] {
        await BlockingPool.shared.run { [file] in file.versions() }
    }

    package func differences(from old: Int?, to new: Int?) async throws(AdminError) -> [SettingChange] {
        try await Self.translated { [file] in
            try await BlockingPool.shared.run { try file.differences(from: old, to: new) }
        }
    }

    package func resolve(_ spelling: String) throws(AdminError) -> SettingAddress {
        do throws(SettingsError) { return try file.resolve(spelling) } catch { throw AdminError(error) }
    }

    private func edit(
        _ caller: AdminCaller,
        _ change: @escaping @Sendable (SettingsFile, _ author: String) throws -> SettingsEdit
    ) async throws(AdminError) -> SettingsEdit {
        let edit = try await Self.translated { [file] in
            try await BlockingPool.shared.run { try change(file, caller.description) }
        }
        guard let version = edit.version else { return edit }
        await onChange()
        events.record(
            .settingsChanged,
            [
                "settings.author": .string(caller.description), "settings.version": .count(version),
                "settings.changes": .list(edit.changes.map(\.description)),
            ]
        )
        return edit
    }

    private static func translated<R>(_ body: () async throws -> R) async throws(AdminError) -> R {
        do { return try await body() } catch let error as SettingsError { throw AdminError(error) } catch {
            throw AdminError(.failure, "\(error)")
        }
    }
}

extension AdminError {
    package init(_ error: SettingsError) {
        let code: Code =
            switch error {
            case .unknown, .noSuchVersion: .notFound
            case .refused, .invalidVersion: .invalid
            case .file: .failure
            }
        let advice =
            switch error {
            case .unknown(let unknown) where unknown.suggestion == nil: ". See: martlet settings list"
            case .noSuchVersion: ". See: martlet settings history"
            case .refused(let path, _): ". See: martlet settings explain \(path)"
            default: ""
            }
        self.init(code, PrintableText.escaped(error.description) + advice)
    }
}
