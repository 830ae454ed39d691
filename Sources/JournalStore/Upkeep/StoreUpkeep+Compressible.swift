// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Compression
internal import Journal
internal import MailStore
internal import MailTypes
internal import Runtime
internal import Settings

extension StoreUpkeep {
    /// Messages of a segment that are tried before it is said whether it would shrink.
    private static let samples = 32

    /// Sealed segments that lie since `store/compress-after`, mostly with mail as it was delivered, and would shrink by
    /// a tenth or more; with the part of them that would be left.
    ///
    /// Blocks.
    func compressible(_ survey: ShardSurvey, _ shard: Int, _ run: UpkeepRun) -> [UInt32: Double] {
        guard let age = settings.current[JournalStoreSettings.compressAfter].duration else { return [:] }
        let latest = WallClock.seconds - Int64(clamping: age.components.seconds)
        var found: [UInt32: Double] = [:]
        for segment in survey.segments.values {
            guard !run.isCancelled, survey.sealed.contains(segment.number),
                segment.deliveredOctets > segment.octets / 2, !memory.isIncompressible(segment.number, shard),
                let changed = modified(segment.number, shard), changed <= latest
            else { continue }
            let ratio = ratio(segment.number, shard)
            if ratio <= 0.9 { found[segment.number] = ratio } else { memory.add(incompressible: segment.number, shard) }
        }
        return found
    }

    /// Seconds since 1970 of the last write.
    private func modified(_ number: UInt32, _ shard: Int) -> Int64? {
        let written = unsafe CLinux_modification_time_at("\(directory)/\(name(of: number, shard: shard))")
        return written < 0 ? nil : written / 1_000_000_000
    }

    /// Compresses the first chunks of some messages.
    private func ratio(_ number: UInt32, _ shard: Int) -> Double {
        let journal = log.shards[shard]
        var outlines: [RecordOutline] = []
        try? journal.outline(segment: number) { record in
            if record.kind == MailRecordKind.message, record.bodyOctets > 0 { outlines.append(record) }
        }
        let step = max(1, outlines.count / Self.samples)
        var (before, after) = (0, 0)
        for place in stride(from: 0, to: outlines.count, by: step) {
            guard let entry = try? journal.record(at: outlines[place].position),
                let octets = try? journal.readBlocking(entry.body, 0..<min(65_536, entry.body.length))
            else { continue }
            before += octets.bytes.count
            let packed = unsafe Zstd.compress(octets.bytes.span.bytes)
            after += min(octets.bytes.count, packed?.count ?? octets.bytes.count)
        }
        return before > 0 ? Double(after) / Double(before) : 1
    }
}
