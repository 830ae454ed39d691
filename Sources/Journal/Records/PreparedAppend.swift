// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Records with everything computed that does not depend on where they will lie, so that the writer thread has little
/// to do for each.
struct PreparedAppend: Sendable {
    struct Record: Sendable {
        var record: JournalRecord
        var metadataCRC: UInt32
        /// One for each chunk of a block; empty for a file, which the writer sums as it goes.
        var chunkChecksums: [UInt32]
        /// Octets on disk.
        var length: UInt64
    }

    var records: [Record]
    var length: UInt64
    /// A body that is in a file makes a commit of its own.
    var isStreamed: Bool
    /// Records without bodies may use the room that is kept free.
    var needsRoom: Bool

    init(_ appended: [JournalRecord], limits: JournalOptions) throws(JournalError) {
        (records, length, isStreamed, needsRoom) = ([], 0, false, false)
        records.reserveCapacity(appended.count)
        for record in appended {
            guard record.metadata.count <= limits.maximumMetadataOctets, record.body.count <= limits.maximumBodyOctets
            else { throw .tooLarge }
            var sums: [UInt32] = []
            switch record.body {
            case .none: break
            case .block(let block): (sums, needsRoom) = (ChunkLayout.checksums(of: block), true)
            case .file: (isStreamed, needsRoom) = (true, true)
            }
            let octets =
                UInt64(RecordHeader.size + record.metadata.count) + ChunkLayout.storedLength(of: record.body.count)
            length += octets
            records.append(
                Record(
                    record: record,
                    metadataCRC: CRC32C.of(record.metadata),
                    chunkChecksums: sums,
                    length: octets
                )
            )
        }
    }
}
