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

    /// Octets that stand before the body of a record with this metadata.
    package static func preamble(of record: JournalRecord) -> Int { RecordHeader.size + record.metadata.count }

    init(_ header: RecordHeader, _ metadata: [UInt8]) {
        position = header.position
        kind = header.kind
        stream = header.stream
        self.metadata = metadata
        body = header.body
    }
}

/// A header that verified, and its metadata when that did too.
struct FoundRecord {
    var header: RecordHeader
    var metadata: [UInt8]?
}

extension SegmentTable {
    /// Most records fit in one read of this size, without their bodies.
    static let guessOctets = 2048

    /// The record that begins at `position`; `nil` when none does that verifies.
    ///
    /// Blocks.
    func record(at position: RecordPosition) throws(JournalError) -> FoundRecord? {
        guard let file = try fileIfThere(position.segment) else { return nil }
        guard let head = readOrNil(file, Self.guessOctets, at: position.offset),
            let header = unsafe RecordHeader(head.span.bytes, at: position, of: identity)
        else { return nil }
        let length = Int(header.metadataLength)
        var metadata = [UInt8](head.dropFirst(RecordHeader.size).prefix(length))
        if metadata.count < length {
            metadata = readOrNil(file, length, at: position.offset + UInt64(RecordHeader.size)) ?? []
        }
        let isWhole = metadata.count == length && CRC32C.of(metadata) == header.metadataCRC
        return FoundRecord(header: header, metadata: isWhole ? metadata : nil)
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
