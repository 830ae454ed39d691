// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
internal import Runtime

/// A record as it was found, without its body.
package struct JournalEntry: Sendable, Hashable {
    package var position: RecordPosition
    package var kind: UInt8
    package var stream: UInt64
    package var metadata: [UInt8]
    package var body: BodyAddress
    /// It does not lie on disk as it is here: a flipped bit was put right, or the segment's sidecar knew it.
    package var isMended = false

    /// Octets that stand before the body of a record with this metadata.
    package static func preamble(of record: JournalRecord) -> Int { RecordHeader.size + record.metadata.count }

    init(_ header: RecordHeader, _ metadata: [UInt8]) {
        position = header.position
        kind = header.kind
        stream = header.stream
        self.metadata = metadata
        body = header.body
        isMended = header.isMended
    }
}

/// A header that verified, and its metadata when that did too.
struct FoundRecord {
    var header: RecordHeader
    var metadata: [UInt8]?

    /// More than this is not looked at for a flipped bit: the more octets, the less it proves.
    private static let largestMended = 4096

    init(header: RecordHeader, metadata: [UInt8]?) {
        self.header = header
        self.metadata = metadata
    }

    /// With metadata as they lie on disk.
    init(header: RecordHeader, _ raw: [UInt8]) {
        self.header = header
        guard raw.count == Int(header.metadataLength) else { return }
        if CRC32C.of(raw) == header.metadataCRC {
            metadata = raw
        } else if raw.count <= Self.largestMended, let mended = SingleBit.mended(raw, sum: header.metadataCRC),
            mended != raw
        {
            metadata = mended
            self.header.isMended = true
        }
    }
}

extension SegmentTable {
    /// Most records fit in one read of this size, without their bodies.
    static let guessOctets = 2048

    /// The record that begins at `position`; `nil` when none does that can be read.
    ///
    /// What does not verify is put right where one bit is flipped, and else taken from the segment's sidecar; the header
    /// is then marked as mended. Blocks.
    func record(at position: RecordPosition) throws(JournalError) -> FoundRecord? {
        guard let file = try fileIfThere(position.segment) else { return nil }
        let head = readOrNil(file, Self.guessOctets, at: position.offset) ?? []
        let octets = unsafe head.span.bytes
        guard
            let header = RecordHeader(octets, at: position, of: identity)
                ?? RecordHeader.mending(octets, at: position, of: identity)
        else { return indexed(position) }
        let length = Int(header.metadataLength)
        var raw = [UInt8](head.dropFirst(RecordHeader.size).prefix(length))
        if raw.count < length { raw = readOrNil(file, length, at: position.offset + UInt64(RecordHeader.size)) ?? [] }
        let found = FoundRecord(header: header, raw)
        return found.metadata == nil ? indexed(position) ?? found : found
    }

    /// The record as the sidecar of a segment that was left has it.
    private func indexed(_ position: RecordPosition) -> FoundRecord? {
        indexed(position.segment, position.offset..<(position.offset + 1)).first
    }

    /// The records that begin in a part of a segment that was left, as its sidecar has them.
    ///
    /// Blocks, for as long as reading the sidecar takes.
    func indexed(_ number: UInt32, _ octets: Range<UInt64>) -> [FoundRecord] {
        guard contains(number), let size = try? fileIfThere(number)?.size() else { return [] }
        let end = recordsEnd(of: number, size: size)
        let binding = SegmentIndex.Binding(identity: identity, segment: number, sealedLength: end)
        guard var reading = IndexReading(binding, in: directory) else { return [] }
        var found: [FoundRecord] = []
        while case .entry(let entry) = reading.step(), entry.octets.lowerBound < octets.upperBound {
            guard case .record(var header, let metadata) = entry, octets.contains(header.position.offset) else {
                continue
            }
            header.isMended = true
            if case .whole(let metadata) = metadata {
                found.append(FoundRecord(header: header, metadata: metadata))
            } else {
                found.append(FoundRecord(header: header, metadata: nil))
            }
        }
        return found
    }

    /// The segment; `nil` when it is not there any more.
    func fileIfThere(_ number: UInt32) throws(JournalError) -> SegmentFile? {
        do throws(JournalError) {
            return try file(number)
        } catch {
            guard case .system(ENOENT, _) = error else { throw error }
            return nil
        }
    }

    /// A disk that cannot read an octet has damaged it.
    private func readOrNil(_ file: SegmentFile, _ count: Int, at offset: UInt64) -> [UInt8]? {
        try? file.read(count, at: offset)
    }
}

extension Journal {
    /// The record at `position`.
    ///
    /// Throws `.lost` when its header or metadata do not verify. Blocks: not for event loops.
    package func record(at position: RecordPosition) throws(JournalError) -> JournalEntry {
        guard let found = try segments.record(at: position), let metadata = found.metadata else {
            throw .lost(position)
        }
        return JournalEntry(found.header, metadata)
    }

    /// As `record`, for any task: from the page cache at once, else on a blocking thread.
    package func entry(at position: RecordPosition) async throws(JournalError) -> JournalEntry {
        if let entry = try cachedEntry(at: position) { return entry }
        let outcome = await BlockingPool.shared.run { [self] () -> Result<JournalEntry, JournalError> in
            do throws(JournalError) { return .success(try record(at: position)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    private func cachedEntry(at position: RecordPosition) throws(JournalError) -> JournalEntry? {
        guard let file = try segments.fileIfThere(position.segment),
            let head = try? file.readCached(SegmentTable.guessOctets, at: position.offset),
            let header = unsafe RecordHeader(head.span.bytes, at: position, of: identity)
        else { return nil }
        let metadata = [UInt8](head.dropFirst(RecordHeader.size).prefix(Int(header.metadataLength)))
        guard metadata.count == Int(header.metadataLength), CRC32C.of(metadata) == header.metadataCRC else {
            return nil
        }
        return JournalEntry(header, metadata)
    }
}
