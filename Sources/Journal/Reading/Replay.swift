// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What replaying meets.
package enum ReplayItem: Sendable {
    case record(JournalEntry)
    /// A record of the stream whose metadata is lost.
    case damaged(RecordPosition)
}

extension Journal {
    /// Every record of one stream after a position (all, when `nil`), oldest first, over any damage.
    ///
    /// It follows the chain from the stream's head; where a link is damaged it reads the headers of all segments
    /// instead. No append to the stream may be under way. Blocks: not for event loops.
    package func replay(
        _ stream: UInt64,
        after start: RecordPosition?,
        _ visit: (ReplayItem) -> Void
    ) throws(JournalError) {
        var positions = try chain(of: stream, after: start)
        if positions == nil { positions = try scan(for: stream, after: start) }
        for position in positions ?? [] {
            if let found = try segments.record(at: position, of: identity), let metadata = found.metadata {
                visit(.record(JournalEntry(found.header, metadata)))
            } else {
                visit(.damaged(position))
            }
        }
    }

    /// Every record of every stream after a position, oldest first, over any damage.
    ///
    /// Blocks.
    package func replayAll(after start: RecordPosition?, _ visit: (ReplayItem) -> Void) throws(JournalError) {
        try scanHeaders(after: start) { header throws(JournalError) in
            guard header.kind >= RecordKind.firstForUsers else { return }
            guard let found = try segments.record(at: header.position, of: identity), let metadata = found.metadata
            else {
                return visit(.damaged(header.position))
            }
            visit(.record(JournalEntry(header, metadata)))
        }
    }

    /// Positions by following the chain back; `nil` when a link of it is damaged.
    private func chain(of stream: UInt64, after start: RecordPosition?) throws(JournalError) -> [RecordPosition]? {
        let lowest = start ?? RecordPosition(segment: 0, offset: 0)
        var positions: [RecordPosition] = []
        var next = head(of: stream)
        while let position = next, position > lowest {
            guard let header = try segments.record(at: position, of: identity)?.header, header.stream == stream,
                header.previous.map({ $0 < position }) ?? true
            else { return nil }
            positions.append(position)
            next = header.previous
        }
        positions.reverse()
        return positions
    }

    private func scan(for stream: UInt64, after start: RecordPosition?) throws(JournalError) -> [RecordPosition] {
        var positions: [RecordPosition] = []
        try scanHeaders(after: start) { header throws(JournalError) in
            if header.stream == stream, header.kind >= RecordKind.firstForUsers { positions.append(header.position) }
        }
        return positions
    }

    private func scanHeaders(
        after start: RecordPosition?,
        _ visit: (RecordHeader) throws(JournalError) -> Void
    ) throws(JournalError) {
        let numbers = segments.numbers
        try SegmentEnds.read(numbers, in: segments, identity: identity)
        for number in numbers where number >= start?.segment ?? 0 {
            guard let file = try segments.fileIfThere(number) else { continue }
            let size = try file.size()
            var walk = SegmentScan(file, identity: identity, to: min(size, segments.end(of: number) ?? size))
            while let item = try walk.next() {
                switch item {
                case .record(let header), .cut(let header):
                    if start.map({ header.position > $0 }) ?? true { try visit(header) }
                case .damage: break
                }
            }
        }
    }
}
