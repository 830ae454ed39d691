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
    /// As it goes on disk.
    case compressed(OctetBlock, length: UInt64)
    case compressedFile(BodyFile, length: UInt64)

    /// Too large to be in memory as a whole.
    var isStreamed: Bool {
        switch self {
        case .none, .block, .compressed: false
        case .file, .copied, .compressedFile: true
        }
    }

    var layout: UInt8 {
        switch self {
        case .none, .block, .file, .copied: ChunkLayout.fixedStride
        case .compressed, .compressedFile: CompressedLayout.number
        }
    }

    /// Octets on disk.
    var storedLength: UInt64 {
        switch self {
        case .none: 0
        case .block(let block, _): ChunkLayout.storedLength(of: UInt64(block.count))
        case .file(let file): ChunkLayout.storedLength(of: file.count)
        case .copied(let address): ChunkLayout.storedLength(of: address.length)
        case .compressed(let block, _): UInt64(block.count)
        case .compressedFile(let file, _): file.count
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
        /// Octets of the body on disk.
        var storedLength: UInt64
        /// Octets on disk.
        var length: UInt64

        init(_ record: JournalRecord, _ body: PreparedBody) {
            (kind, stream, metadata) = (record.kind, record.stream, record.metadata)
            metadataCRC = CRC32C.of(metadata)
            self.body = body
            bodyLength = record.body.count
            storedLength = body.storedLength
            length = UInt64(RecordHeader.size + metadata.count) + storedLength
        }
    }

    private(set) var records: [Record] = []
    private(set) var length: UInt64 = 0
    /// A body that is not in memory makes a commit of its own.
    private(set) var isStreamed = false
    /// Records without bodies may use the room that is kept free, and what is written to make room: copies, and records
    /// that say so.
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
            needsRoom = needsRoom || (record.body.count > 0 && !record.body.isCopy && !record.usesReserve)
            records.append(prepared)
        }
    }
}
