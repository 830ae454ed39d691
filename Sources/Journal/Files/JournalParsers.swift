// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import CLinux
internal import Glibc

/// The parsers of what lies on disk, by themselves and over octets in memory: for the fuzz targets.
package enum JournalParsers {
    /// Walks octets as a segment, reads what its records say they have, and returns the stretches it was divided into.
    package static func segment(_ bytes: [UInt8], _ number: UInt32, _ identity: JournalIdentity) -> [Range<UInt64>] {
        guard let file = SegmentFile.anonymous(number, bytes) else { return [] }
        let reader = SegmentReader(file: file, waits: true, mends: true)
        var walk = SegmentScan(file, identity: identity, to: UInt64(bytes.count))
        var stretches: [Range<UInt64>] = []
        while let item = try? walk.next() {
            switch item {
            case .damage(let range): stretches.append(range)
            case .record(let header), .cut(let header):
                stretches.append(header.position.offset..<min(header.end, UInt64(bytes.count)))
                read(header, reader)
            }
        }
        return stretches
    }

    private static func read(_ header: RecordHeader, _ reader: SegmentReader) {
        let start = header.position.offset + UInt64(RecordHeader.size)
        let count = Int(min(header.metadataLength, 1 << 20))
        _ = FoundRecord(header: header, reader.octets(count, at: start) ?? [])
        for range in [0..<min(header.bodyLength, 1 << 17), (header.bodyLength / 2)..<header.bodyLength] {
            let wanted = range.lowerBound..<min(range.upperBound, range.lowerBound + 1 << 17)
            guard !wanted.isEmpty else { continue }
            let found = reader.octets(header.body, wanted, storedLength: header.storedLength)
            precondition(found?.bytes.count == wanted.count)
        }
    }

    /// The entries of a sidecar; `nil` when it is not whole.
    package static func index(
        _ bytes: [UInt8],
        _ segment: UInt32,
        sealedLength: UInt64,
        _ identity: JournalIdentity
    ) -> Int? {
        let binding = SegmentIndex.Binding(identity: identity, segment: segment, sealedLength: sealedLength)
        var (place, entries) = (0, 0)
        while place < bytes.count {
            let head = Array(bytes[place..<min(bytes.count, place + SegmentIndex.headerOctets)])
            guard let header = SegmentIndex.header(head, binding), header.payload <= bytes.count - place - head.count
            else { return nil }
            let start = place + head.count
            let payload = Array(bytes[start..<(start + header.payload)])
            guard let found = SegmentIndex.entries(of: header, head, payload, binding) else { return nil }
            entries += found.count
            place = start + header.payload
            if header.isLast { return place == bytes.count ? entries : nil }
        }
        return nil
    }

    /// The streams of a checkpoint; `nil` when it is not whole.
    package static func heads(_ bytes: [UInt8], _ identity: JournalIdentity) -> Int? {
        HeadsCheckpoint.decode(bytes, identity)?.heads.count
    }

    /// How many ranges of removed segments the octets of a record name; they ascend.
    package static func removedSegments(_ bytes: [UInt8]) -> Int {
        _ = RemovedFile.decode(bytes, JournalIdentity(high: 1, low: 2))
        let removed = RemovedSegments(bytes)
        precondition(
            removed.ranges.indices.dropFirst().allSatisfy { place in
                removed.ranges[place - 1].upperBound < removed.ranges[place].lowerBound
            }
        )
        let all = RemovedSegments(absentFrom: [1, .max])
        let others = removed.rest(of: all).ranges
        precondition(others.allSatisfy { other in !removed.ranges.contains { $0.overlaps(other) } })
        return removed.ranges.count
    }

    /// A range of a body of `length` octets that lies compressed in `bytes`.
    package static func compressedBody(_ bytes: [UInt8], length: UInt64, _ wanted: Range<UInt64>) -> BodyOctets? {
        guard let file = SegmentFile.anonymous(1, bytes) else { return nil }
        let address = BodyAddress(
            record: RecordPosition(segment: 1, offset: 0),
            preamble: BodyAddress.compressed,
            length: length
        )
        return SegmentReader(file: file, waits: true, mends: true)
            .octets(address, wanted.clamped(to: 0..<length), storedLength: UInt64(bytes.count))
    }

    /// What `compressedBody` reads; `nil` when the body would not become smaller.
    package static func compress(_ body: [UInt8]) -> [UInt8]? {
        let found = try? BodyCompressor(length: UInt64(body.count))?.inMemory { start, count throws(JournalError) in
            Array(body[Int(start)..<(Int(start) + count)])
        }
        return found?.array
    }
}

extension SegmentFile {
    /// Octets as a segment that has no name.
    fileprivate static func anonymous(_ number: UInt32, _ bytes: [UInt8]) -> SegmentFile? {
        let descriptor = unsafe CLinux_memfd("segment", bytes.count)
        guard descriptor >= 0 else { return nil }
        _ = unsafe bytes.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return SegmentFile(number: number, descriptor: descriptor)
    }
}
