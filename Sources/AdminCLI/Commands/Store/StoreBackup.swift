// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Runtime
internal import ServiceControl

extension Command {
    static let storeBackup = Command(
        "backup",
        summary: "Copy the mail, the directory and the settings into a new folder",
        discussion:
            "Everything that was acknowledged before it began is in it; the server may run, and mail goes on. The folder "
            + "gets its name when it is whole. \"store restore\" makes an installation of it, here or elsewhere.",
        arguments: [.backupFolder],
        options: [.paced, .json],
        examples: ["martlet store backup /backup/mail-2026-11-21"],
        action: .perform { (invocation) throws(CommandError) in try await StoreBackup(invocation).run() }
    )
}

extension Argument {
    static let backupFolder = Argument("DIR", help: "The folder of the backup", completion: .folders)
}

/// One run of `store backup`.
private struct StoreBackup {
    private let invocation: Invocation
    private let folder: String
    private let part: String

    init(_ invocation: Invocation) throws(CommandError) {
        self.invocation = invocation
        // Absolute, and without a stroke at its end.
        folder = InstanceLayout(data: try invocation.word(.backupFolder)).data
        part = folder + ".part"
    }

    func run() async throws(CommandError) {
        guard BulkFolder.kind(folder) == nil else {
            throw CommandError(.cannotCreate, "\(folder) is there already; a backup needs a folder of its own.")
        }
        let (part, data) = (part, invocation.dataFolder)
        do throws(CommandError) {
            try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in
                BulkFolder.removeTree(part)
                try BulkFolder.make(part)
                // Without a server, this process will act as the owner of the data folder.
                BulkFolder.give(part, toOwnerOf: data)
            }
            try await fill(try await invocation.storeNumbers(), layout: InstanceLayout(data: data))
        } catch {
            invocation.actAsCaller()
            await BlockingPool.shared.run { BulkFolder.removeTree(part) }
            throw error
        }
    }

    private func fill(_ numbers: [String], layout: InstanceLayout) async throws(CommandError) {
        let (part, folder) = (part, folder)
        let writer = BackupWriter(part)
        var stores: [JSONValue] = []
        for number in numbers {
            let result = try await receive(
                ["stores", number, "backup"],
                query: invocation.pace,
                "backend-\(number)",
                writer
            )
            stores.append(.object([JSONMember("store", .string(number))] + (result.members ?? [])))
        }
        // After the stores: an account number that is in a store is never given to somebody else.
        _ = try await receive(["directory", "copy"], query: [], "", writer)
        try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in
            if BulkFolder.kind(layout.settingsFile) == .file {
                try writer.copy(layout.settingsFile, as: "martlet.conf")
            }
            try writer.finish(stores: numbers.count)
        }
        invocation.actAsCaller()
        try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in
            try BulkFolder.rename(part, to: folder)
            try BulkFile(folder).syncFileSystem()
        }
        invocation.show(
            .array(stores),
            columns: [
                ("STORE", { $0.shown("store") }), ("FILES", { $0.shown("files") }),
                ("SIZE", { ProgressDisplay.size(Double($0["octetsCopied"]?.integer ?? 0)) }),
            ]
        )
    }

    /// Has files sent, and writes them into a folder of the backup.
    private func receive(
        _ path: [String],
        query: [AdminRequest.Parameter],
        _ folder: String,
        _ writer: BackupWriter
    ) async throws(CommandError) -> JSONValue {
        var answer = try await invocation.begin(.get, path, query: query)
        var display = ProgressDisplay(invocation.terminal)
        defer { display.end() }
        try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in try writer.begin(folder) }
        while let batch = try await invocation.nextBatch(&answer) {
            try await invocation.onPool(refusing: .cannotCreate) { () throws(FileError) in try writer.take(batch) }
            display.update(octets: writer.octets, of: writer.announced, "copied")
        }
        return answer.outcome ?? .null
    }
}
