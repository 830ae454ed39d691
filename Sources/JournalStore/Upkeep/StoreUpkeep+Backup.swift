// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import Glibc
internal import Journal
internal import MailStore
internal import Runtime

/// What a backup or a restore has copied.
package struct BackupReport: Sendable, Hashable {
    package var files: Int
    package var octets: UInt64
    /// Seconds since 1970 at which the backup was made.
    package var made: Int64
    /// 32 hexadecimal digits.
    package var identity: String

    init(_ manifest: BackupManifest) {
        (files, octets) = (manifest.files.count, manifest.octets)
        (made, identity) = (manifest.made, manifest.identity)
    }
}

extension StoreUpkeep {
    /// Copies everything that was acknowledged before the call into a new folder, while mail goes on.
    ///
    /// No segment is removed meanwhile. With `linking`, segments that are never written again become second names of
    /// the same files where that is possible: quick and without room, but no protection from a failing disk.
    func backup(to folder: String, linking: Bool, _ run: UpkeepRun) async throws -> BackupReport {
        try await run.blocking { self.removals.hold() }
        defer { removals.letGo() }
        for journal in log.shards {
            // On a full disk the active segment is copied as far as it goes.
            try? await journal.seal()
        }
        let report = try await run.blocking { try self.copyAll(to: folder, linking: linking, run) }
        events.record(
            .backupMade,
            [
                "store.folder": .string(folder), "store.files": .count(report.files),
                "store.octets": .count(report.octets),
            ]
        )
        return report
    }

    private func copyAll(to folder: String, linking: Bool, _ run: UpkeepRun) throws -> BackupReport {
        try Self.makeEmpty(folder)
        var manifest = BackupManifest(identity: identity.text, made: WallClock.seconds)
        let total = log.shards.reduce(UInt64(0)) { $0 &+ $1.octetsOnDisk }
        var done: UInt64 = 0
        let files = FileCopy(run: run) { octets in
            done &+= octets
            run.report(.files, done: done, of: max(done, total))
        }
        for (shard, journal) in log.shards.enumerated() {
            let names = journal.segmentNumbers.map { ($0, name(of: $0, shard: shard)) }
            guard let first = names.first?.1.split(separator: "/").first else { continue }
            try Self.make("\(folder)/\(first)")
            let sealed = Set(journal.sealedSegments.map(\.number))
            for (number, name) in names {
                let (source, target) = ("\(directory)/\(name)", "\(folder)/\(name)")
                let size = try journal.durableOctets(of: number)
                let isLinked = linking && sealed.contains(number) && FileCopy.link(source, to: target)
                let sum =
                    isLinked
                    ? try files.digest(source, count: size) : try files.copy(source, to: target, count: size)
                manifest.files.append(BackupManifest.File(path: name, size: size, sha256: Hex.encode(sum)))
            }
            try Self.sync("\(folder)/\(first)")
        }
        let format = StoreFormat(identity: identity, shards: log.shards.count).text
        try Self.write(format, to: "\(folder)/FORMAT")
        manifest.files.append(
            BackupManifest.File(path: "FORMAT", size: UInt64(format.count), sha256: Hex.encode(Digest.sha256(format)))
        )
        // Last: a backup without it is none.
        try Self.write(manifest.encode(), to: "\(folder)/\(BackupManifest.fileName)")
        return BackupReport(manifest)
    }

    /// Reads every file of a backup and compares it with the manifest; puts copies into a new store folder, when one is
    /// named.
    ///
    /// Blocks.
    static func restore(_ backup: String, to directory: String?, _ run: UpkeepRun) throws -> BackupReport {
        guard let manifest = BackupManifest.load(backup) else {
            throw MailStoreError(.damaged, "the backup has no usable manifest", detail: backup)
        }
        var done: UInt64 = 0
        let files = FileCopy(run: run) { octets in
            done &+= octets
            run.report(.files, done: done, of: manifest.octets)
        }
        // The store's folder gets its name when everything is there.
        let part = directory.map { $0 + ".restoring" }
        if let directory, let part {
            try makeEmpty(directory)
            removeFolder(part)
            try makeEmpty(part)
        }
        for file in manifest.files {
            let source = "\(backup)/\(file.path)"
            var sum: [UInt8]
            if let part {
                if let folder = file.path.split(separator: "/").dropLast().first { try make("\(part)/\(folder)") }
                sum = try files.copy(source, to: "\(part)/\(file.path)", count: file.size)
            } else {
                sum = try files.digest(source, count: file.size)
            }
            guard Hex.encode(sum) == file.sha256 else {
                throw MailStoreError(.damaged, "a file of the backup is damaged", detail: source)
            }
        }
        if let directory, let part { try publish(part, as: directory) }
        return BackupReport(manifest)
    }

    private static func publish(_ part: String, as directory: String) throws {
        do throws(JournalError) {
            for name in try Directories.entries(part) where name.hasPrefix("shard-") {
                try Directories.sync("\(part)/\(name)")
            }
            try Directories.sync(part)
        } catch {
            throw MailStoreError(error, "the store folder cannot be written")
        }
        guard unsafe rmdir(directory) == 0, unsafe rename(part, directory) == 0 else {
            throw FileCopy.failure("rename", directory)
        }
        if let slash = directory.lastIndex(of: "/") { try? Directories.sync(String(directory[..<slash])) }
    }

    private static func makeEmpty(_ folder: String) throws {
        try make(folder)
        guard (try? Directories.entries(folder))?.isEmpty == true else {
            throw MailStoreError(.forbidden, "the folder is not empty", detail: folder)
        }
    }

    private static func make(_ folder: String) throws {
        do throws(JournalError) {
            try Directories.make(folder)
        } catch {
            throw MailStoreError(error, "a folder cannot be made")
        }
    }

    private static func sync(_ folder: String) throws {
        do throws(JournalError) {
            try Directories.sync(folder)
        } catch {
            throw MailStoreError(error, "a folder cannot be written")
        }
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        guard WholeFile.replace(path, with: bytes, durable: true) else { throw FileCopy.failure("write", path) }
    }

    /// What an earlier restore that was killed has left.
    private static func removeFolder(_ path: String) {
        for name in (try? Directories.entries(path)) ?? [] {
            if unsafe unlink("\(path)/\(name)") != 0 { removeFolder("\(path)/\(name)") }
        }
        unsafe rmdir(path)
    }
}
