// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads the bodies that an append copies, before the writer thread has it: reading may wait for the disk.
///
/// Blocks.
struct CopyPreparation {
    /// A larger body is checked here and read again by the writer, then from the page cache.
    private static let largestInMemory: UInt64 = 1 << 20
    private static let step: UInt64 = 1 << 20

    let segments: SegmentTable
    let options: JournalOptions
    /// Octets of the append that may still be taken into memory.
    private var room: UInt64

    init(segments: SegmentTable, options: JournalOptions) {
        self.segments = segments
        self.options = options
        room = UInt64(clamping: options.batchOctets)
    }

    mutating func prepare(_ records: [JournalRecord]) throws(JournalError) -> PreparedAppend {
        try PreparedAppend(records, limits: options) { record throws(JournalError) in
            switch record.body {
            case .none: .none
            case .block(let block): .block(block, ChunkLayout.checksums(of: block))
            case .file(let file): .file(file)
            case .copy(let address): try read(address)
            }
        }
    }

    private mutating func read(_ address: BodyAddress) throws(JournalError) -> PreparedBody {
        guard address.length > 0 else { return .none }
        if address.length <= min(Self.largestInMemory, room) {
            room -= address.length
            let block = OctetBlock(try segments.wholeOctets(address, 0..<address.length))
            return .block(block, ChunkLayout.checksums(of: block))
        }
        var offset: UInt64 = 0
        while offset < address.length {
            let end = min(address.length, offset + Self.step)
            _ = try segments.wholeOctets(address, offset..<end)
            offset = end
        }
        return .copied(address)
    }
}
