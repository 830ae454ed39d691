// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a header says of a record, for those who count.
package struct RecordOutline: Sendable, Hashable {
    package var position: RecordPosition
    package var kind: UInt8
    package var stream: UInt64
    /// Octets on disk.
    package var octets: UInt64
    /// Octets of the body, as they were handed in.
    package var bodyOctets: UInt64
}

extension Journal {
    /// Calls `visit` for every record of a segment whose header can be read, in the order in which they lie; neither
    /// metadata nor bodies are read.
    ///
    /// Of the active segment what is on disk is visited; of one that is not there, nothing. Blocks: not for event loops.
    package func outline(segment number: UInt32, _ visit: (RecordOutline) -> Void) throws(JournalError) {
        guard var walk = try segments.walk(number) else { return }
        let end = try durableOctets(of: number)
        while let item = try walk.next() {
            switch item {
            case .damage: break
            case .record(let header, _), .cut(let header, _):
                visit(
                    RecordOutline(
                        position: header.position,
                        kind: header.kind,
                        stream: header.stream,
                        octets: min(header.end, max(end, header.position.offset)) - header.position.offset,
                        bodyOctets: header.bodyLength
                    )
                )
            }
        }
    }

    /// Octets of a segment that hold records and are on disk; 0 when it is not there.
    ///
    /// Blocks.
    package func durableOctets(of number: UInt32) throws(JournalError) -> UInt64 {
        guard let file = try segments.fileIfThere(number) else { return 0 }
        let size = try file.size()
        return min(size, segments.recordsEnd(of: number, size: size))
    }

    /// Every segment's number, ascending; the last one is the active one.
    package var segmentNumbers: [UInt32] { segments.numbers }

    /// Names of checkpoints that are there and cannot be used.
    ///
    /// Blocks.
    package var damagedCheckpoints: [String] { HeadsCheckpoint.damaged(in: directory, identity) }

    /// Names of sidecars of sealed segments that are missing or not whole.
    ///
    /// Call `indexed` first. Blocks.
    package var damagedSidecars: [String] {
        segments.sealed.compactMap { number in
            guard var walk = try? segments.walk(number) else { return nil }
            while (try? walk.next()) != nil {}
            guard walk.isIndexBad, segments.contains(number) else { return nil }
            return SegmentFile.path(number, in: "").dropFirst().dropLast(4) + ".idx"
        }
    }
}
