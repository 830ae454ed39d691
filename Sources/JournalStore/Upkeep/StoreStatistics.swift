// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Journal
internal import MailStore
internal import MailTypes

/// What a store has, in numbers.
package struct StoreStatistics: Sendable, Hashable {
    package struct Shard: Sendable, Hashable {
        package var number: Int
        package var segments: Int
        /// Octets of all segments.
        package var octets: UInt64
        package var activeSegment: UInt32
        /// What is needed of `octets`; `nil` when that was not counted.
        package var liveOctets: UInt64?
    }

    /// 16 octets in hexadecimal.
    package var identity: String
    /// The number that this start of the store writes into its records.
    package var epoch: UInt64
    package var shards: [Shard]
    /// Accounts that have records; those that were removed are among them until compaction has passed.
    package var accounts: Int
    package var snapshots: Int
    package var snapshotOctets: UInt64
    /// Octets of messages that were expunged since the start.
    package var freedOctets: UInt64
    /// Octets that the file system has left for the store, those kept in reserve among them.
    package var availableOctets: UInt64

    package var octets: UInt64 { shards.reduce(0) { $0 &+ $1.octets } }
    /// `nil` when it was not counted.
    package var liveOctets: UInt64? {
        shards.reduce(UInt64(0)) { sum, shard in sum.flatMap { sum in shard.liveOctets.map { sum &+ $0 } } }
    }
}

extension StoreUpkeep {
    func statistics(countingLive: Bool, _ run: UpkeepRun) async throws -> StoreStatistics {
        var statistics = try await run.blocking { self.quickStatistics() }
        guard countingLive else { return statistics }
        for shard in log.shards.indices {
            let survey = try await survey(shard, run)
            statistics.shards[shard].liveOctets = survey.segments.values.reduce(0) { $0 &+ $1.liveOctets }
        }
        return statistics
    }

    private func quickStatistics() -> StoreStatistics {
        let snapshots = log.snapshots.files()
        return StoreStatistics(
            identity: identity.text,
            epoch: log.epoch,
            shards: log.shards.enumerated().map { number, journal in
                StoreStatistics.Shard(
                    number: number,
                    segments: journal.segmentNumbers.count,
                    octets: journal.octetsOnDisk,
                    activeSegment: journal.activeSegment
                )
            },
            accounts: accounts().count,
            snapshots: snapshots.count,
            snapshotOctets: snapshots.reduce(0) { $0 &+ $1.octets },
            freedOctets: store.freedOctets,
            availableOctets: Self.availableOctets(directory)
        )
    }

    static func availableOctets(_ directory: String) -> UInt64 {
        var status = statvfs()
        guard unsafe statvfs(directory, &status) == 0 else { return 0 }
        let (octets, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        return overflow ? .max : octets
    }
}
