// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Glibc
internal import Journal
internal import MailStore

/// A store folder that this process has made its own and read.
struct OpenedStore: Sendable {
    let lock: FolderLock
    let identity: JournalIdentity
    let log: JournalAccountLog
    let stagingDirectory: String

    /// Blocks for as long as recovery takes.
    init(_ directory: String, options: JournalOptions, shards: Int, events: EventRecorder) throws(MailStoreError) {
        do throws(JournalError) {
            try Directories.make(directory)
        } catch {
            throw MailStoreError(error, "the store folder cannot be made")
        }
        lock = try FolderLock.ofStore(directory)
        stagingDirectory = directory + "/tmp"
        do throws(JournalError) {
            // First: what a later release has written is not changed.
            let format = try StoreFormat.load(directory, shards: shards, events: events)
            try Self.empty(stagingDirectory)
            identity = format.identity
            let snapshots = SnapshotFiles(directory: directory, identity: format.identity)
            var journals: [Journal] = []
            for shard in 0..<format.shards {
                let journal = try Journal.open(
                    StoreFormat.shardDirectory(shard, in: directory),
                    identity: format.identity,
                    options: options
                ) { all in
                    let newest = NewestSnapshot(directory, shard, format.identity).position.map { [$0] } ?? []
                    return all ? newest + snapshots.lastRecords { format.shard(of: $0) == shard } : newest
                }
                RecoveryReport.record(journal.recovery, shard: shard, to: events)
                journals.append(journal)
            }
            log = JournalAccountLog(journals, snapshots: snapshots, events: events)
        } catch {
            lock.release()
            throw MailStoreError(error, "the store cannot be opened")
        }
    }

    private static func empty(_ directory: String) throws(JournalError) {
        try Directories.make(directory)
        for name in try Directories.entries(directory) { unsafe unlink("\(directory)/\(name)") }
    }
}

/// What recovery found, as events.
enum RecoveryReport {
    static func record(_ recovery: JournalRecovery, shard: Int, to events: EventRecorder) {
        if !recovery.wasClosed, recovery.records > 0 {
            events.record(
                .storeRecovered,
                [
                    "store.shard": .count(shard),
                    "store.records": .count(recovery.records),
                    "store.octets.torn": .count(recovery.tornOctets),
                    "store.records.doubtful": .count(recovery.doubtful.count),
                ]
            )
        }
        for damage in recovery.damage {
            events.record(
                .segmentDamaged,
                [
                    "store.shard": .count(shard),
                    "store.segment": .count(damage.segment),
                    "store.offset": .count(damage.octets.lowerBound),
                    "store.octets.lost": .count(damage.octets.count),
                ]
            )
        }
    }
}

extension MailStoreError {
    init(_ error: JournalError, _ message: String) {
        switch error {
        case .full(let number): self.init(.storageFull, "the disk is full", detail: "\(message): errno \(number)")
        case .system(let number, let call): self.init(.unavailable, message, detail: "\(call): errno \(number)")
        case .closed: self.init(.unavailable, message, detail: "the store is closed")
        case .tooLarge: self.init(.limit, "the message is larger than the store takes")
        case .newer(let version):
            self.init(.unavailable, message, detail: "a later release has written it (version \(version))")
        case .foreign: self.init(.unavailable, message, detail: "the segments are another store's")
        case .lost(let position): self.init(.damaged, message, detail: "record at \(position) is lost")
        }
    }
}
