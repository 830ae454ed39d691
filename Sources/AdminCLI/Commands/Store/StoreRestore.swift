// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Locking
internal import MailAdmin
internal import Runtime
internal import ServiceControl

extension Command {
    static let storeRestore = Command(
        "restore",
        summary: "Make an installation of a backup",
        discussion:
            "Into a data folder that has neither mail nor accounts yet, while no server runs on it. Every file is compared "
            + "with the backup's lists before any of it counts; ended early, it leaves nothing. A martlet.conf that is "
            + "there already stays. Keys and certificates are not part of a backup.",
        arguments: [.backupFolder],
        options: [.verifyOnly, .json],
        examples: [
            "martlet store restore /backup/mail-2026-11-21 --data /var/lib/martlet",
            "martlet store restore --dry-run /backup/mail-2026-11-21",
        ],
        action: .perform { (invocation) throws(CommandError) in try await StoreRestore(invocation).run() }
    )
}

extension Option {
    static let verifyOnly = Option("--dry-run", help: "Read and compare everything, and make nothing")
}

/// One run of `store restore`.
private struct StoreRestore {
    private let invocation: Invocation
    private let folder: String
    private let layout: InstanceLayout

    init(_ invocation: Invocation) throws(CommandError) {
        self.invocation = invocation
        folder = InstanceLayout(data: try invocation.word(.backupFolder)).data
        layout = InstanceLayout(data: invocation.dataFolder)
    }

    func run() async throws(CommandError) {
        let folder = folder
        let description = try await invocation.onPool { () throws(FileError) in BackupDescription.load(folder) }
        guard let description else {
            throw CommandError(
                .noInput,
                "\(folder) is no whole backup: its \(BackupDescription.fileName) cannot be read."
            )
        }
        guard !invocation.has(.verifyOnly) else {
            try await compare(description)
            return show(try await stores(description, into: nil), keepsSettings: false)
        }
        try prepare()
        let staging = InstanceLayout(data: layout.restoring)
        do throws(CommandError) {
            let stores = try await fill(staging, description)
            show(stores, keepsSettings: try await publish(staging))
        } catch {
            await BlockingPool.shared.run { BulkFolder.removeTree(staging.data) }
            throw error
        }
    }

    /// Makes the data folder when it is missing, and refuses one that is in use.
    private func prepare() throws(CommandError) {
        let hasPieces = BulkFolder.kind(layout.restoring) != nil
        for path in [layout.directoryFile, layout.store] where !Self.isEmpty(path) {
            throw CommandError(
                .cannotCreate,
                hasPieces
                    ? "\(layout.data) has pieces of a restore that was cut off. Remove \(path) and \(layout.restoring)."
                    : "\(path) is there already. A backup is restored into an empty data folder: --data DIR."
            )
        }
        do throws(FileError) {
            try BulkFolder.make(layout.data)
            BulkFolder.removeTree(layout.restoring)
            try BulkFolder.make(layout.restoring)
        } catch {
            throw CommandError(.cannotCreate, "\(error)")
        }
    }

    private static func isEmpty(_ path: String) -> Bool {
        switch BulkFolder.kind(path) {
        case nil: true
        case .folder?: BulkFolder.names(path).isEmpty
        case .file?, .other?: false
        }
    }

    /// Throws when a file beside the stores is not as the backup says.
    private func compare(_ description: BackupDescription) async throws(CommandError) {
        let folder = folder
        let wrong = try await invocation.onPool { () throws(FileError) in try description.damaged(in: folder) }
        if let wrong { throw CommandError(.data, "\(folder)/\(wrong) is damaged: it is not what was backed up.") }
    }

    private func fill(
        _ staging: InstanceLayout,
        _ description: BackupDescription
    ) async throws(CommandError) -> [JSONValue] {
        try await compare(description)
        let (folder, keepsSettings) = (folder, BulkFolder.kind(layout.settingsFile) != nil)
        try await invocation.onPool { () throws(FileError) in
            try BulkFolder.make(staging.store)
            try BulkFile(staging.store + "/workers", BulkFile.makesNew).write(Array("\(description.stores)\n".utf8))
            try BulkFile.copy(folder + "/directory.db", to: staging.directoryFile)
            guard !keepsSettings, BulkFolder.kind(folder + "/martlet.conf") == .file else { return }
            try BulkFile.copy(folder + "/martlet.conf", to: staging.settingsFile)
        }
        return try await stores(description, into: staging)
    }

    /// Restores every store; only compares with `nil`.
    private func stores(
        _ description: BackupDescription,
        into staging: InstanceLayout?
    ) async throws(CommandError) -> [JSONValue] {
        var results: [JSONValue] = []
        for number in 1...description.stores {
            let display = Lock(UpkeepDisplay(invocation.terminal))
            defer { display.withLock { $0.end() } }
            do throws(AdminError) {
                let result = try await StoreRestoration.run(
                    "\(folder)/backend-\(number)",
                    to: staging?.store(backEnd: number)
                ) { stage, done, total in
                    display.withLock { $0.update(stage, done: done, of: total) }
                }
                results.append(.object([JSONMember("store", .integer(Int64(number)))] + (result.members ?? [])))
            } catch {
                throw CommandError(error)
            }
        }
        return results
    }

    /// Puts what was restored where the server looks for it; whether the settings that were there stay.
    private func publish(_ staging: InstanceLayout) async throws(CommandError) -> Bool {
        let layout = layout
        return try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in
            try BulkFile(staging.data).syncFileSystem()
            BulkFolder.give(staging.data, toOwnerOf: layout.data)
            let keepsSettings = BulkFolder.kind(layout.settingsFile) != nil
            if !keepsSettings, BulkFolder.kind(staging.settingsFile) != nil {
                try BulkFolder.rename(staging.settingsFile, to: layout.settingsFile)
            }
            try BulkFolder.rename(staging.directoryFile, to: layout.directoryFile)
            try BulkFolder.rename(staging.store, to: layout.store)
            BulkFolder.removeTree(staging.data)
            try BulkFile(layout.data).syncFileSystem()
            return keepsSettings
        }
    }

    private func show(_ stores: [JSONValue], keepsSettings: Bool) {
        guard !invocation.has(.json) else {
            let outcome: JSONValue = ["stores": .array(stores), "keptSettings": .bool(keepsSettings)]
            return invocation.terminal.write(outcome.indented + "\n")
        }
        invocation.show(
            .array(stores),
            columns: [
                ("STORE", { $0.shown("store") }), ("FILES", { $0.shown("files") }),
                ("SIZE", { ProgressDisplay.size(Double($0["octetsCopied"]?.integer ?? 0)) }),
            ]
        )
        for store in stores {
            for path in store["renewed"]?.array ?? [] {
                let name = "backend-\(store.shown("store"))/\(path.string ?? "")"
                invocation.terminal.write("\(name) of the backup is damaged; it was made again of its MANIFEST.\n")
            }
        }
        if keepsSettings { invocation.terminal.write("The settings are those that were there.\n") }
    }
}
