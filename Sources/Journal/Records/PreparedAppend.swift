// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A body with everything computed that can be before the writer thread has it.
enum PreparedBody: Sendable {
    case none
    /// With the checksum of each chunk.
    case block(OctetBlock, [UInt32])
    /// Summed by the writer as it goes.
    case file(BodyFile)
    /// Read, checked and summed by the writer as it goes.
    case copied(BodyAddress)

    /// Too large to be in memory as a whole.
    var isStreamed: Bool {
        switch self {
        case .none, .block: false
        case .file, .copied: true
        }
    }
}

/// Records with everything computed that does not depend on where they will lie, so that the writer thread has little
/// to do for each.
struct PreparedAppend: Sendable {
    struct Record: Sendable {
        var kind: UInt8
        var stream: UInt64
        var metadata: [UInt8]
        var metadataCRC: UInt32
        var body: PreparedBody
        var bodyLength: UInt64
        /// Octets on disk.
        var length: UInt64

        init(_ record: JournalRecord, _ body: PreparedBody) {
            (kind, stream, metadata) = (record.kind, record.stream, record.metadata)
            metadataCRC = CRC32C.of(metadata)
            self.body = body
            bodyLength = record.body.count
            length = UInt64(RecordHeader.size + metadata.count) + ChunkLayout.storedLength(of: bodyLength)
        }
    }

    private(set) var records: [Record] = []
    private(set) var length: UInt64 = 0
    /// A body that is not in memory makes a commit of its own.
    private(set) var isStreamed = false
    /// Records without bodies may use the room that is kept free, and copies, which are made to make room.
    private(set) var needsRoom = false

    /// Records whose bodies are not in the journal yet.
    init(_ appended: [JournalRecord], limits: JournalOptions) throws(JournalError) {
        try self.init(appended, limits: limits) { record throws(JournalError) in
            switch record.body {
            case .none: .none
            case .block(let block): .block(block, ChunkLayout.checksums(of: block))
            case .file(let file): .file(file)
            case .copy(let address): .copied(address)
            }
        }
    }

    init(
        _ appended: [JournalRecord],
        limits: JournalOptions,
        preparing: (JournalRecord) throws(JournalError) -> PreparedBody
    ) throws(JournalError) {
        records.reserveCapacity(appended.count)
        for record in appended {
            guard record.metadata.count <= limits.maximumMetadataOctets, record.body.count <= limits.maximumBodyOctets
            else { throw .tooLarge }
            let prepared = Record(record, try preparing(record))
            length += prepared.length
            isStreamed = isStreamed || prepared.body.isStreamed
            needsRoom = needsRoom || (record.body.count > 0 && !record.body.isCopy)
            records.append(prepared)
        }
    }
}
