// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// What an edit did, read back from the disk.
package struct SettingsEdit: Sendable {
    /// The version that the edit made; `nil` when nothing had to be changed.
    package var version: Int?
    package var changes: [SettingChange]
    package var snapshot: SettingsSnapshot
    /// What is wrong in the file as it is now.
    package var problems: [SettingsProblem]
}

extension SettingsFile {
    /// Sets a value.
    ///
    /// `author` is for the history: `root (uid 0)`.
    package func set(_ spelling: String, to text: String, author: String) throws(SettingsError) -> SettingsEdit {
        let address = try resolve(spelling)
        if let refusal = address.declaration.refusal(text) { throw .refused(path: address.path, reason: refusal) }
        guard SettingsDocument.canHold(text) else {
            throw .refused(path: address.path, reason: "a value is one line of at most 2048 octets")
        }
        return try edit(author: author) { document in
            document.set(address.path, to: text) { names($0, address.path) }
        }
    }

    /// Takes a value out, so that the service's value or the default is in force again.
    package func unset(_ spelling: String, author: String) throws(SettingsError) -> SettingsEdit {
        let address = try resolve(spelling)
        return try edit(author: author) { document in
            _ = document.unset { names($0, address.path) }
        }
    }

    /// Makes the file what it was in that version (0: empty), as a new version.
    package func rollback(to number: Int, author: String) throws(SettingsError) -> SettingsEdit {
        let old = try document(of: number)
        let problems = interpret(old).problems.filter { $0.kind != .repeated }
        guard problems.isEmpty else { throw .invalidVersion(number, problems) }
        return try edit(author: "\(author), back to version \(number)") { $0 = old }
    }

    /// The versions kept, oldest first.
    ///
    /// A change by hand becomes a version at the next edit.
    package func versions() -> [SettingsVersion] { history.versions() }

    /// What differs between two versions; `nil` is the file as it is.
    package func differences(from old: Int?, to new: Int?) throws(SettingsError) -> [SettingChange] {
        changes(from: try document(of: old), to: try document(of: new))
    }

    /// Makes a version of what was changed by hand since the last one.
    ///
    /// Service control calls it when it has loaded a changed file.
    package func recordOutsideEdit() throws(SettingsError) {
        _ = try edit(author: "") { _ in }
    }

    package func resolve(_ spelling: String) throws(SettingsError) -> SettingAddress {
        do throws(UnknownSetting) { return try tree.resolve(spelling) } catch { throw .unknown(error) }
    }
}

extension SettingsFile {
    private func edit(
        author: String,
        _ change: (inout SettingsDocument) -> Void
    ) throws(SettingsError) -> SettingsEdit {
        try wrapped { () throws(FileFailure) in try WholeFile.makeFolder(history.folder) }
        return try WholeFile.withFolderLocked(history.folder) { () throws(SettingsError) in
            let before = SettingsDocument(try currentBytes())
            try recordUnknown(before)
            var after = before
            change(&after)
            guard after != before else { return result(version: nil, changes: []) }
            let changes = changes(from: before, to: after)
            let version = try record(after, author, changes)
            do throws(FileFailure) { try WholeFile.replace(path, with: after.bytes) } catch {
                history.remove(version)
                throw .file(error)
            }
            return result(version: version, changes: changes)
        }
    }

    /// The state after an edit, from the disk and not from memory: what is shown is what is there.
    private func result(version: Int?, changes: [SettingChange]) -> SettingsEdit {
        let (snapshot, problems) = load()
        return SettingsEdit(version: version, changes: changes, snapshot: snapshot, problems: problems)
    }

    private func recordUnknown(_ document: SettingsDocument) throws(SettingsError) {
        let last = SettingsDocument(history.numbers.last.flatMap { history.bytes(of: $0) } ?? [])
        guard last != document else { return }
        _ = try record(document, "edited by hand", changes(from: last, to: document))
    }

    private func record(
        _ document: SettingsDocument,
        _ author: String,
        _ changes: [SettingChange]
    ) throws(SettingsError) -> Int {
        let version = SettingsVersion(
            number: (history.numbers.last ?? 0) + 1,
            time: CLinux_realtime(),
            author: author,
            changes: changes
        )
        try wrapped { () throws(FileFailure) in try history.add(version, document.bytes) }
        return version.number
    }

    private func currentBytes() throws(SettingsError) -> [UInt8] {
        do throws(FileFailure) { return try WholeFile.read(path, maximum: Self.maximumOctets) ?? [] } catch {
            throw .file(error)
        }
    }

    private func document(of number: Int?) throws(SettingsError) -> SettingsDocument {
        guard let number else { return SettingsDocument(try currentBytes()) }
        if number == 0 { return SettingsDocument() }
        guard let bytes = history.bytes(of: number) else { throw .noSuchVersion(number) }
        return SettingsDocument(bytes)
    }

    private func names(_ key: String, _ path: String) -> Bool { (try? tree.resolve(key))?.path == path }

    private func changes(from old: SettingsDocument, to new: SettingsDocument) -> [SettingChange] {
        let (before, after) = (valuesByPath(old), valuesByPath(new))
        return Set(before.keys).union(after.keys).sorted().compactMap { path in
            before[path] == after[path] ? nil : SettingChange(path: path, old: before[path], new: after[path])
        }
    }

    private func valuesByPath(_ document: SettingsDocument) -> [String: String] {
        var values: [String: String] = [:]
        for assignment in document.assignments {
            values[(try? tree.resolve(assignment.key))?.path ?? assignment.key] = assignment.value
        }
        return values
    }

    private func wrapped(_ body: () throws(FileFailure) -> Void) throws(SettingsError) {
        do throws(FileFailure) { try body() } catch { throw .file(error) }
    }
}
