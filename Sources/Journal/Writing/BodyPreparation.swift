// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads the bodies that an append copies, and compresses what is to be compressed, before the writer thread has it.
///
/// Blocks.
struct BodyPreparation {
    /// A larger body is not taken into memory whole.
    private static let largestInMemory: UInt64 = 1 << 20
    private static let step: UInt64 = 1 << 20

    let directory: String
    let segments: SegmentTable
    let options: JournalOptions
    let compression: BodyCompression
    /// Octets of the append that may still be taken into memory.
    private var room: UInt64

    init(directory: String, segments: SegmentTable, options: JournalOptions, compression: BodyCompression) {
        self.directory = directory
        self.segments = segments
        self.options = options
        self.compression = compression
        room = UInt64(clamping: options.batchOctets)
    }

    /// Whether an append has to be prepared, and cannot be given to the writer at once.
    static func isNeeded(_ records: [JournalRecord], _ compression: BodyCompression) -> Bool {
        records.contains { $0.body.isCopy || (compression != .none && $0.body.count > 0) }
    }

    mutating func prepare(_ records: [JournalRecord]) throws(JournalError) -> PreparedAppend {
        try PreparedAppend(records, limits: options) { record throws(JournalError) in
            switch record.body {
            case .none: .none
            case .block(let block): try compressed(block) ?? .block(block, ChunkLayout.checksums(of: block))
            case .file(let file):
                try compressed(file.count) { start, count throws(JournalError) in
                    try file.octets(count, at: start)
                } ?? .file(file)
            case .copy(let address): try copy(address)
            }
        }
    }

    private func compressed(_ block: OctetBlock) throws(JournalError) -> PreparedBody? {
        guard compression == .whenSmaller, let compressor = BodyCompressor(length: UInt64(block.count)) else {
            return nil
        }
        let found = try compressor.inMemory { start, count throws(JournalError) in block.octets(Int(start), count) }
        return found.map { .compressed($0, length: UInt64(block.count)) }
    }

    private mutating func compressed(_ length: UInt64, _ read: BodyCompressor.Source) throws(JournalError)
        -> PreparedBody?
    {
        guard compression == .whenSmaller, let compressor = BodyCompressor(length: length) else { return nil }
        guard !takesRoom(length) else {
            return try compressor.inMemory(read).map { .compressed($0, length: length) }
        }
        return try compressor.inFile(of: directory, read).map { .compressedFile($0, length: length) }
    }

    /// Whether a body is small enough for memory, which it then takes.
    private mutating func takesRoom(_ octets: UInt64) -> Bool {
        guard octets <= min(Self.largestInMemory, room) else { return false }
        room -= octets
        return true
    }

    private mutating func copy(_ address: BodyAddress) throws(JournalError) -> PreparedBody {
        guard address.length > 0 else { return .none }
        if takesRoom(address.length) {
            if compression == .whenSmaller, let stored = try segments.compressedOctets(address) {
                return .compressed(OctetBlock(stored), length: address.length)
            }
            let block = OctetBlock(try segments.wholeOctets(address, 0..<address.length))
            return try compressed(block) ?? .block(block, ChunkLayout.checksums(of: block))
        }
        let segments = segments
        let packed = try compressed(address.length) { start, count throws(JournalError) in
            try segments.wholeOctets(address, start..<(start + UInt64(count)))
        }
        if let packed { return packed }
        // A bad chunk is found before the writer has the append; the writer reads it again, from the page cache then.
        var offset: UInt64 = 0
        while offset < address.length {
            let end = min(address.length, offset + Self.step)
            _ = try segments.wholeOctets(address, offset..<end)
            offset = end
        }
        return .copied(address)
    }
}

extension OctetBlock {
    /// Octets within the block.
    fileprivate func octets(_ start: Int, _ count: Int) -> [UInt8] {
        withBytes { bytes in
            unsafe bytes.extracting(start..<(start + count)).withUnsafeBytes { unsafe Array($0) }
        }
    }
}

extension SegmentTable {
    /// A compressed body as it lies on disk, when all of it verifies; to be copied as it is.
    ///
    /// Blocks.
    fileprivate func compressedOctets(_ address: BodyAddress) throws(JournalError) -> [UInt8]? {
        guard let header = try record(at: address.record)?.header, header.layout == CompressedLayout.number,
            header.bodyLength == address.length, header.storedLength <= address.length + address.length / 4 + 64,
            let stored = try? file(address.record.segment).read(Int(header.storedLength), at: header.body.bodyOffset),
            stored.count == Int(header.storedLength), CompressedLayout.verifies(stored, length: address.length)
        else { return nil }
        return stored
    }
}
