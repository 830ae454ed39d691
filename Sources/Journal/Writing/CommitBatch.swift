// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One commit on its way to disk: which record goes where, and the new heads once it is there.
struct CommitBatch {
    let identity: JournalIdentity
    let segment: UInt32
    let start: UInt64
    private(set) var end: UInt64
    private(set) var heads: [UInt64: RecordPosition] = [:]
    private(set) var positions: [[RecordPosition]] = []
    private var headers: [RecordHeader] = []
    /// Of the last record of the journal's own.
    private var ownPosition: RecordPosition?

    init(identity: JournalIdentity, segment: UInt32, start: UInt64) {
        self.identity = identity
        self.segment = segment
        self.start = start
        end = start
    }

    /// Its last record.
    var last: RecordPosition? { headers.last?.position ?? ownPosition }

    func smallOctets(of appends: [PreparedAppend]) -> Int {
        // As many as `add` is called for at most.
        var total = 3 * RecordHeader.size
        for append in appends {
            for record in append.records { total += WriteGather.smallOctets(of: record) }
        }
        return total
    }

    /// Adds a record of the journal's own, before all others.
    mutating func add(_ kind: UInt8, _ metadata: [UInt8], to gather: WriteGather) {
        let header = RecordHeader(
            kind: kind,
            stream: 0,
            position: RecordPosition(segment: segment, offset: end),
            previous: nil,
            metadataLength: UInt32(metadata.count),
            metadataCRC: CRC32C.of(metadata),
            batchDistance: UInt32(clamping: end - start)
        )
        gather.add(header.encode(identity))
        gather.add(metadata)
        if kind == RecordKind.removed { heads[RemovedSegments.stream] = header.position }
        ownPosition = header.position
        end = header.end
    }

    /// Gives every record its position and its place in its stream's chain.
    mutating func place(_ appends: [PreparedAppend], after durable: [UInt64: RecordPosition]) {
        positions.reserveCapacity(appends.count)
        for append in appends {
            var places: [RecordPosition] = []
            places.reserveCapacity(append.records.count)
            for prepared in append.records {
                let isChained = prepared.kind >= RecordKind.firstForUsers
                let position = RecordPosition(segment: segment, offset: end)
                let header = RecordHeader(
                    kind: prepared.kind,
                    stream: prepared.stream,
                    position: position,
                    previous: isChained ? heads[prepared.stream] ?? durable[prepared.stream] : nil,
                    metadataLength: UInt32(prepared.metadata.count),
                    metadataCRC: prepared.metadataCRC,
                    bodyLength: prepared.bodyLength,
                    storedLength: prepared.storedLength,
                    layout: prepared.body.layout,
                    batchDistance: UInt32(clamping: end - start)
                )
                if isChained { heads[prepared.stream] = position }
                if prepared.kind == RecordKind.removed { heads[RemovedSegments.stream] = position }
                headers.append(header)
                places.append(position)
                end += prepared.length
            }
            positions.append(places)
        }
    }

    func write(
        _ appends: [PreparedAppend],
        with gather: WriteGather,
        to file: SegmentFile,
        segments: SegmentTable,
        faults: JournalFaults?
    ) throws(JournalError) {
        var offset = start
        var index = 0
        for append in appends {
            for prepared in append.records {
                gather.add(headers[index].encode(identity))
                gather.add(prepared.metadata)
                index += 1
                switch prepared.body {
                case .none: break
                case .block(let block, let sums): add(block, checksums: sums, to: gather)
                case .compressed(let block, _): gather.add(block, from: 0, count: block.count)
                case .file, .copied, .compressedFile:
                    try flush(gather, to: file, at: &offset, faults: faults)
                    try copy(prepared, from: segments, with: gather, to: file, at: &offset, faults: faults)
                }
            }
        }
        try flush(gather, to: file, at: &offset, faults: faults)
    }

    private func flush(
        _ gather: WriteGather,
        to file: SegmentFile,
        at offset: inout UInt64,
        faults: JournalFaults?
    ) throws(JournalError) {
        try gather.write(to: file.descriptor, at: offset, faults: faults)
        offset += gather.octets
        gather.reset(small: 2 * Self.copyOctets)
    }

    private func add(_ block: OctetBlock, checksums: [UInt32], to gather: WriteGather) {
        var offset = 0
        for checksum in checksums {
            let count = min(ChunkLayout.chunkOctets, block.count - offset)
            gather.addFrame(word: ChunkLayout.frameWord(count: count), checksum: checksum)
            gather.add(block, from: offset, count: count)
            offset += count
        }
    }

    /// Octets of a file that are in memory at a time.
    private static let copyOctets = 16 * ChunkLayout.chunkOctets

    /// Writes a body that is not in memory, piece by piece.
    private func copy(
        _ prepared: PreparedAppend.Record,
        from segments: SegmentTable,
        with gather: WriteGather,
        to file: SegmentFile,
        at offset: inout UInt64,
        faults: JournalFaults?
    ) throws(JournalError) {
        let isFramed = prepared.body.layout != ChunkLayout.fixedStride
        let octets = isFramed ? prepared.storedLength : prepared.bodyLength
        var done: UInt64 = 0
        while done < octets {
            let count = Int(min(UInt64(Self.copyOctets), octets - done))
            let piece: [UInt8] =
                switch prepared.body {
                case .none, .block, .compressed: []
                case .file(let body), .compressedFile(let body, _): try body.octets(count, at: done)
                case .copied(let address): try segments.wholeOctets(address, done..<(done + UInt64(count)))
                }
            let block = OctetBlock(piece)
            if isFramed {
                gather.add(block, from: 0, count: block.count)
            } else {
                add(block, checksums: ChunkLayout.checksums(of: block), to: gather)
            }
            try flush(gather, to: file, at: &offset, faults: faults)
            done += UInt64(count)
        }
    }
}
