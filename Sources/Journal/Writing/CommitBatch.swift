// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// One commit on its way to disk: which record goes where, and the new heads once it is there.
struct CommitBatch {
    let identity: JournalIdentity
    let segment: UInt32
    let start: UInt64
    private(set) var end: UInt64
    private(set) var heads: [UInt64: RecordPosition] = [:]
    private(set) var positions: [[RecordPosition]] = []
    private var headers: [RecordHeader] = []

    init(identity: JournalIdentity, segment: UInt32, start: UInt64) {
        self.identity = identity
        self.segment = segment
        self.start = start
        end = start
    }

    /// Its last record.
    var last: RecordPosition? { headers.last?.position }

    func smallOctets(of appends: [PreparedAppend]) -> Int {
        var total = RecordHeader.size
        for append in appends {
            for record in append.records { total += WriteGather.smallOctets(of: record) }
        }
        return total
    }

    mutating func add(_ seal: SegmentSeal, to gather: WriteGather) {
        let metadata = seal.encode()
        let header = RecordHeader(
            kind: RecordKind.seal,
            stream: 0,
            position: RecordPosition(segment: segment, offset: end),
            previous: nil,
            metadataLength: UInt32(metadata.count),
            metadataCRC: CRC32C.of(metadata),
            bodyLength: 0,
            batchDistance: 0
        )
        gather.add(header.encode(identity))
        gather.add(metadata)
        end = header.end
    }

    /// Gives every record its position and its place in its stream's chain.
    mutating func place(_ appends: [PreparedAppend], after durable: [UInt64: RecordPosition]) {
        positions.reserveCapacity(appends.count)
        for append in appends {
            var places: [RecordPosition] = []
            places.reserveCapacity(append.records.count)
            for prepared in append.records {
                let record = prepared.record
                let isChained = record.kind >= RecordKind.firstForUsers
                let position = RecordPosition(segment: segment, offset: end)
                let header = RecordHeader(
                    kind: record.kind,
                    stream: record.stream,
                    position: position,
                    previous: isChained ? heads[record.stream] ?? durable[record.stream] : nil,
                    metadataLength: UInt32(record.metadata.count),
                    metadataCRC: prepared.metadataCRC,
                    bodyLength: record.body.count,
                    batchDistance: UInt32(clamping: end - start)
                )
                if isChained { heads[record.stream] = position }
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
        faults: JournalFaults?
    ) throws(JournalError) {
        var offset = start
        var index = 0
        for append in appends {
            for prepared in append.records {
                gather.add(headers[index].encode(identity))
                gather.add(prepared.record.metadata)
                index += 1
                switch prepared.record.body {
                case .none: break
                case .block(let block): add(block, checksums: prepared.chunkChecksums, to: gather)
                case .file(let body):
                    try flush(gather, to: file, at: &offset, faults: faults)
                    try copy(body, with: gather, to: file, at: &offset, faults: faults)
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

    private func copy(
        _ body: BodyFile,
        with gather: WriteGather,
        to file: SegmentFile,
        at offset: inout UInt64,
        faults: JournalFaults?
    ) throws(JournalError) {
        var done: UInt64 = 0
        while done < body.count {
            let count = Int(min(UInt64(Self.copyOctets), body.count - done))
            let block = OctetBlock(try Self.read(count, of: body, at: done))
            add(block, checksums: ChunkLayout.checksums(of: block), to: gather)
            try flush(gather, to: file, at: &offset, faults: faults)
            done += UInt64(count)
        }
    }

    private static func read(_ count: Int, of body: BodyFile, at offset: UInt64) throws(JournalError) -> [UInt8] {
        var failure: JournalError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let result = unsafe pread(
                    body.descriptor,
                    base + filled,
                    count - filled,
                    off_t(clamping: offset + UInt64(filled))
                )
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failure = result < 0 ? .last("pread") : .system(errno: EIO, call: "pread")
                    return
                }
                filled += result
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
