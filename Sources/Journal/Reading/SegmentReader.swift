// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Reads octets of one segment, from the page cache only or waiting for the disk.
struct SegmentReader {
    private static let pageOctets: UInt64 = 4096
    let file: SegmentFile
    let waits: Bool
    /// Whether flipped bits in chunks are put right.
    let mends: Bool

    /// Up to `count` octets, fewer at the end of the file; `nil` when the disk would have to be waited for.
    ///
    /// Pages that the disk cannot give back read as zero.
    func octets(_ count: Int, at offset: UInt64) -> [UInt8]? {
        guard waits else { return (try? file.readCached(count, at: offset)) ?? nil }
        if let whole = try? file.read(count, at: offset) { return whole }
        var octets: [UInt8] = []
        while octets.count < count {
            let place = offset + UInt64(octets.count)
            let wanted = min(count - octets.count, Int(Self.pageOctets - place % Self.pageOctets))
            let part = (try? file.read(wanted, at: place)) ?? []
            octets += part + [UInt8](repeating: 0, count: wanted - part.count)
        }
        return octets
    }

    /// Octets of a body; `nil` when the disk would have to be waited for.
    func octets(_ address: BodyAddress, _ wanted: Range<UInt64>, storedLength: UInt64?) -> BodyOctets? {
        guard !address.isCompressed else {
            guard let reading = CompressedReading(self, address, storedLength: storedLength) else {
                return BodyOctets(bytes: [UInt8](repeating: 0, count: wanted.count), lost: [wanted])
            }
            return reading.octets(wanted)
        }
        let span = ChunkSpan(address, wanted)
        guard let stored = octets(span.fileCount, at: span.fileOffset), waits || stored.count == span.fileCount else {
            return nil
        }
        return span.octets(stored, of: wanted, mends: mends)
    }
}
