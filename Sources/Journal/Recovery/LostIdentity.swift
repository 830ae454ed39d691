// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension Journal {
    /// The identity that what is derived from the records in a folder carries; for stores that have lost the file that
    /// says it, and the records.
    ///
    /// Blocks.
    package static func identityOfDerived(in directory: String) -> JournalIdentity? {
        HeadsCheckpoint.identity(in: directory) ?? SegmentIndex.identity(in: directory)
    }

    /// The identity that the records in a folder carry, by the first header that is whole; for stores that have lost the
    /// file that says it.
    ///
    /// Blocks.
    package static func identityOfRecords(in directory: String) -> JournalIdentity? {
        guard let segments = try? SegmentTable(directory: directory) else { return nil }
        for number in segments.numbers {
            if let file = try? segments.file(number), let found = identity(in: file) { return found }
        }
        return nil
    }

    /// Whether a folder holds segments with anything in them.
    ///
    /// Blocks.
    package static func hasRecords(in directory: String) -> Bool {
        guard let segments = try? SegmentTable(directory: directory) else { return false }
        return segments.octetsOnDisk >= UInt64(RecordHeader.size)
    }

    private static let windowOctets = 1 << 20

    private static func identity(in file: SegmentFile) -> JournalIdentity? {
        var base: UInt64 = 0
        while let part = try? file.read(windowOctets, at: base), part.count >= RecordHeader.size {
            var index = 0
            while let found = part.firstMagic(from: index), found <= part.count - RecordHeader.size {
                let place = RecordPosition(segment: file.number, offset: base + UInt64(found))
                if let identity = identity(of: part, at: found, place) { return identity }
                index = found + 1
            }
            base += UInt64(part.count - RecordHeader.size + 1)
        }
        return nil
    }

    private static func identity(of part: [UInt8], at offset: Int, _ place: RecordPosition) -> JournalIdentity? {
        let head = unsafe part.span.bytes.extracting(offset..<(offset + RecordHeader.size))
        let identity = JournalIdentity(high: head.littleEndian64(at: 8), low: head.littleEndian64(at: 16))
        return RecordHeader(head, at: place, of: identity) == nil ? nil : identity
    }
}
