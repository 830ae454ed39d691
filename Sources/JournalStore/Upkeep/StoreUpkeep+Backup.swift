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
    /// Files of the backup that are damaged or missing, and were made again of what its manifest says of them.
    package var renewed: [String] = []

    init(_ manifest: BackupManifest) {
        (files, octets) = (manifest.files.count, manifest.octets)
        (made, identity) = (manifest.made, manifest.identity)
    }
}

extension StoreUpkeep {
    private static let pieceOctets = 256 << 10

    /// Hands out everything that was acknowledged before the call, while mail goes on.
    ///
    /// No segment is removed meanwhile. What only a snapshot knows is written into the journal before; on a disk too full
    /// for that it throws `.storageFull`, for the backup would restore less than is there.
    func backup(to sink: any BackupSink, _ run: UpkeepRun) async throws -> BackupReport {
        try await writeOwedBases(all: true, run)
        try await run.blocking { self.removals.hold() }
        defer { removals.letGo() }
        for shard in log.shards.indices {
            // On a full disk the active segment is copied as far as it goes.
            try? await log.seal(shard)
        }
        let manifest = try await copyAll(to: sink, run)
        let report = BackupReport(manifest)
        events.record(.backupMade, ["store.files": .count(report.files), "store.octets": .count(report.octets)])
        return report
    }

    private func copyAll(to sink: any BackupSink, _ run: UpkeepRun) async throws -> BackupManifest {
        var manifest = BackupManifest(identity: identity.text, made: WallClock.seconds)
        let segments = try await run.blocking { try self.segmentsToCopy() }
        let total = segments.reduce(UInt64(0)) { $0 &+ $1.size }
        try await sink.announce(octets: total)
        var done: UInt64 = 0
        for segment in segments {
            // Before the file is announced: an error would be taken for octets of it.
            let file = try await run.blocking { [directory] in try SummedFile("\(directory)/\(segment.path)") }
            try await sink.begin(segment.path, octets: segment.size)
            let end = done &+ segment.size
            while done < end {
                let size = Int(min(UInt64(Self.pieceOctets), end - done))
                let octets = try await run.blocking {
                    run.pace(UInt64(size))
                    return try file.next(size)
                }
                try await sink.write(octets)
                done &+= UInt64(size)
            }
            let sum = try await run.blocking { file.sum() }
            manifest.files.append(BackupManifest.File(path: segment.path, size: segment.size, sha256: Hex.encode(sum)))
        }
        // What was removed is not lost, though the journal may not have come to say so.
        for (shard, journal) in log.shards.enumerated() {
            let removed = journal.removedFile
            let path = "\(StoreFormat.shardName(shard))/\(removed.name)"
            try await Self.hand(removed.octets, path, to: sink, in: &manifest)
        }
        let format = StoreFormat(identity: identity, shards: log.shards.count).text
        try await Self.hand(format, "FORMAT", to: sink, in: &manifest)
        // Last: a backup without it is none.
        try await Self.hand(manifest.encode(), BackupManifest.fileName, to: sink)
        return manifest
    }

    /// Blocks.
    private func segmentsToCopy() throws -> [(path: String, size: UInt64)] {
        var all: [(String, UInt64)] = []
        for (shard, journal) in log.shards.enumerated() {
            do throws(JournalError) {
                for number in journal.segmentNumbers {
                    all.append((name(of: number, shard: shard), try journal.durableOctets(of: number)))
                }
            } catch {
                throw MailStoreError(error, "a segment cannot be read")
            }
        }
        return all
    }

    private static func hand(
        _ octets: [UInt8],
        _ path: String,
        to sink: any BackupSink,
        in manifest: inout BackupManifest
    ) async throws {
        try await hand(octets, path, to: sink)
        let sum = Hex.encode(Digest.sha256(octets))
        var file = BackupManifest.File(path: path, size: UInt64(octets.count), sha256: sum)
        file.contents = octets
        manifest.files.append(file)
    }

    private static func hand(_ octets: [UInt8], _ path: String, to sink: any BackupSink) async throws {
        try await sink.begin(path, octets: UInt64(octets.count))
        try await sink.write(octets)
    }

    /// Reads every file of a backup and compares it with the manifest; puts copies into a new store folder, when one is
    /// named.
    ///
    /// Blocks.
    static func restore(_ backup: String, to directory: String?, _ run: UpkeepRun) throws -> BackupReport {
        // The store's folder gets its name when everything is there.
        let part = directory.map { $0 + ".restoring" }
        do {
            return try restore(backup, to: directory, by: part, run)
        } catch {
            if let part { removeFolder(part) }
            throw error
        }
    }

    private static func restore(
        _ backup: String,
        to directory: String?,
        by part: String?,
        _ run: UpkeepRun
    ) throws -> BackupReport {
        guard let manifest = BackupManifest.load(backup) else {
            throw MailStoreError(.damaged, "the backup has no usable manifest", detail: backup)
        }
        var done: UInt64 = 0
        let files = FileCopy(run: run) { octets in
            done &+= octets
            run.report(.files, done: done, of: manifest.octets)
        }
        if let directory, let part {
            try makeEmpty(directory)
            removeFolder(part)
            try makeEmpty(part)
        }
        var report = BackupReport(manifest)
        for file in manifest.files {
            do {
                try restore(file, of: backup, by: part, files)
            } catch let error as MailStoreError where error.code != .storageFull {
                guard let part, let contents = file.contents else { throw error }
                try files.write(contents, to: "\(part)/\(file.path)")
                report.renewed.append(file.path)
            }
        }
        if let directory, let part { try publish(part, as: directory) }
        return report
    }

    private static func restore(
        _ file: BackupManifest.File,
        of backup: String,
        by part: String?,
        _ files: FileCopy
    ) throws {
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

    /// What an earlier restore that was killed has left.
    private static func removeFolder(_ path: String) {
        for name in (try? Directories.entries(path)) ?? [] {
            if unsafe unlink("\(path)/\(name)") != 0 { removeFolder("\(path)/\(name)") }
        }
        unsafe rmdir(path)
    }
}
