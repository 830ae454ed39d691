// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// Walks the records of one segment by their headers, over any damage: after octets that are no record it goes on at
/// the next valid header.
///
/// Throws `.newer` at one that a later release has written. Blocks.
struct SegmentScan {
    enum Item: Hashable {
        /// Whole as far as its length goes; neither metadata nor body have been looked at.
        case record(RecordHeader)
        /// A valid header whose record goes on beyond the end of the segment.
        case cut(RecordHeader)
        /// No record.
        case damage(Range<UInt64>)
    }

    private static let windowOctets = 16 * 1024
    private static let searchOctets = 1 << 20
    private let file: SegmentFile
    private let identity: JournalIdentity
    private let end: UInt64
    private var offset: UInt64
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0

    /// `end` may be less than the file's size.
    init(_ file: SegmentFile, identity: JournalIdentity, from offset: UInt64 = 0, to end: UInt64) {
        self.file = file
        self.identity = identity
        self.offset = offset
        self.end = end
    }

    mutating func next() throws(JournalError) -> Item? {
        guard offset < end else { return nil }
        if let header = try header(at: offset) {
            offset = min(end, header.end)
            return header.end > end ? .cut(header) : .record(header)
        }
        let start = offset
        offset = try nextHeader(after: start) ?? end
        return .damage(start..<offset)
    }

    private mutating func header(at offset: UInt64) throws(JournalError) -> RecordHeader? {
        guard end - offset >= UInt64(RecordHeader.size) else { return nil }
        let position = RecordPosition(segment: file.number, offset: offset)
        let inWindow = offset >= windowStart && offset - windowStart <= UInt64(max(0, window.count - RecordHeader.size))
        if !inWindow || window.count < RecordHeader.size {
            window = try readOver(Self.windowOctets, at: offset)
            windowStart = offset
        }
        let start = Int(offset - windowStart)
        guard start + RecordHeader.size <= window.count else { return nil }
        let octets = unsafe window.span.bytes.extracting(start..<(start + RecordHeader.size))
        if let header = RecordHeader(octets, at: position, of: identity) { return header }
        // Not known, and no damage: what is behind it is not, either.
        let later = RecordHeader.laterVersion(octets, at: position, of: identity)
        if let later { throw .newer(version: later) }
        return RecordHeader.mending(octets, at: position, of: identity)
    }

    /// Where the next valid header is, looked for octet by octet.
    private mutating func nextHeader(after start: UInt64) throws(JournalError) -> UInt64? {
        var base = start + 1
        while let data = file.firstData(from: base), data < end, end - data >= UInt64(RecordHeader.size) {
            base = data
            let part = try readOver(Int(min(UInt64(Self.searchOctets), end - base)), at: base)
            guard !part.isEmpty else { return nil }
            var index = 0
            while let found = part.firstMagic(from: index) {
                if try header(at: base + UInt64(found)) != nil { return base + UInt64(found) }
                index = found + 1
            }
            base += UInt64(max(1, part.count - RecordHeader.magic.count + 1))
        }
        return nil
    }

    /// As `read`; octets that the disk cannot give back read as zero.
    private func readOver(_ count: Int, at offset: UInt64) throws(JournalError) -> [UInt8] {
        do throws(JournalError) {
            return try file.read(count, at: offset)
        } catch {
            guard case .system(EIO, _) = error else { throw error }
            return [UInt8](repeating: 0, count: Int(min(UInt64(count), end - offset, 4096)))
        }
    }
}

extension [UInt8] {
    /// Where the octets of a header's magic begin at or after `index`.
    func firstMagic(from index: Int) -> Int? {
        let magic = RecordHeader.magic
        return unsafe withUnsafeBytes { bytes in
            var index = index
            while index <= bytes.count - magic.count, let base = bytes.baseAddress {
                guard let hit = unsafe memchr(base + index, Int32(magic[0]), bytes.count - index) else { return nil }
                let found = unsafe UnsafeRawPointer(hit) - base
                guard found <= bytes.count - magic.count else { return nil }
                if unsafe bytes[found..<(found + magic.count)].elementsEqual(magic) { return found }
                index = found + 1
            }
            return nil
        }
    }
}
