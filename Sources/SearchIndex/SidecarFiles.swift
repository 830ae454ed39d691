// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// The two files of a sidecar, open, of one generation.
struct SidecarFiles: Sendable {
    let index: SidecarFile
    let data: SidecarFile
    let generation: UInt64

    /// `nil` unless both are there and belong together.
    static func open(_ place: SidecarPlace, forWriting: Bool = false) -> SidecarFiles? {
        let octets = Int(SidecarHead.octets)
        guard let index = SidecarFile.open(place.path, forWriting: forWriting),
            let generation = SidecarHead.generation(index.read(octets, at: 0), place), generation > 0,
            let data = SidecarFile.open(place.dataPath(generation), forWriting: forWriting),
            SidecarHead.generation(data.read(octets, at: 0), place) == generation
        else { return nil }
        return SidecarFiles(index: index, data: data, generation: generation)
    }

    /// New files without blocks; with `replacing`, in the place of those that were there.
    static func create(_ place: SidecarPlace, generation: UInt64, replacing: Bool) -> SidecarFiles? {
        if replacing { for path in place.paths { unsafe unlink(path) } }
        if let slash = place.path.lastIndex(of: "/") {
            let folder = String(place.path[..<slash])
            if unsafe mkdir(folder, 0o700) != 0, errno == ENOENT, let above = folder.lastIndex(of: "/") {
                unsafe mkdir(String(folder[..<above]), 0o700)
                unsafe mkdir(folder, 0o700)
            }
        }
        let head = SidecarHead.encode(place, generation: generation)
        guard let data = SidecarFile.create(place.dataPath(generation)), data.write(head, at: 0),
            let index = SidecarFile.create(replacing ? place.path : place.newPath), index.write(head, at: 0)
        else { return nil }
        return SidecarFiles(index: index, data: data, generation: generation)
    }

    // MARK: Reading

    /// Everything that is whole: reading ends at the first record that is not, and what follows is written over.
    func state(in place: SidecarPlace) -> SidecarState {
        var state = SidecarState()
        state.generation = generation
        let (indexSize, dataSize) = (index.size ?? 0, data.size ?? 0)
        while let (record, next) = record(at: state.indexEnd), next <= indexSize {
            var list = record.list
            let end = list.info.dataOffset &+ list.info.storedOctets
            guard list.info.dataOffset >= SidecarHead.octets, end <= dataSize,
                state.blocks.count < TextPlace.maximumBlocks
            else { break }
            list.info.position = state.indexEnd
            list.info.listOctets = UInt32(next - state.indexEnd - list.info.filterOctets)
            state.add(list)
            state.dataEnd = max(state.dataEnd, end)
            state.indexEnd = next
        }
        return state
    }

    /// Most records are read at once with this.
    private static let guessOctets = 4 << 10

    private func record(at position: UInt64) -> (SidecarRecord, next: UInt64)? {
        var bytes = index.read(Self.guessOctets, at: position)
        guard let head = SidecarRecord.Head(bytes) else { return nil }
        let count = SidecarRecord.headerOctets + head.payloadOctets
        if bytes.count < count { bytes = index.read(count, at: position) }
        guard bytes.count >= count else { return nil }
        bytes.removeLast(bytes.count - count)
        guard let record = SidecarRecord(reading: bytes) else { return nil }
        return (record, position + UInt64(count) + UInt64(head.filterOctets))
    }

    /// The directory of a block; `nil` when it is damaged.
    func list(_ info: BlockInfo) -> BlockList? {
        guard let list = SidecarRecord(reading: index.read(Int(info.listOctets), at: info.position))?.list,
            list.entries.count == Int(info.count), list.info.frames == info.frames
        else { return nil }
        return list
    }

    /// One filter of a block; `nil` when it is damaged.
    func filter(_ info: BlockInfo, _ region: TextRegion, _ width: GramFilter.Width) -> GramFilter? {
        let number = BlockInfo.filterIndex(region, width)
        let extent = info.filters[number]
        return extent.filter(width, index.read(Int(extent.octets), at: info.filterOffset(number)))
    }

    /// Whether the directory, the texts and the filters of a block can be read.
    func isWhole(_ info: BlockInfo) -> Bool {
        guard let list = list(info), let head = text(info, .head), let body = text(info, .body) else { return false }
        // Asked of the lengths alone: texts that are cut out and thrown away at once were freed by the optimizer before
        // they were copied (found by a memory checker, Swift 6.3).
        let lengths = list.entries.reduce((head: 0, body: 0)) { ($0.head + $1.headOctets, $0.body + $1.bodyOctets) }
        guard lengths.head <= head.count, lengths.body <= body.count else { return false }
        return [TextRegion.head, .body].allSatisfy { region in
            [GramFilter.Width.three, .four].allSatisfy { filter(info, region, $0) != nil }
        }
    }

    /// One stretch of a block's texts; `nil` when it is damaged.
    func text(_ info: BlockInfo, _ region: TextRegion) -> [UInt8]? {
        let frame = info.frames[region.rawValue]
        return frame.text(data.read(Int(frame.stored), at: info.frameOffset(region)))
    }

    /// Every text that counts of a block, in order.
    ///
    /// False when the block is damaged.
    func forEachText(of number: Int, in state: SidecarState, _ visit: (TextKey, MessageText) -> Void) -> Bool {
        let info = state.blocks[number]
        guard let list = list(info), let head = text(info, .head), let body = text(info, .body) else { return false }
        var (headFrom, bodyFrom) = (0, 0)
        for (ordinal, entry) in list.entries.enumerated() {
            let (headEnd, bodyEnd) = (headFrom + entry.headOctets, bodyFrom + entry.bodyOctets)
            guard headEnd <= head.count, bodyEnd <= body.count else { return false }
            if entry.isTooLarge, state.contains(entry.key) {
                visit(entry.key, .tooLarge)
            } else if state.isAt(TextPlace(block: number, ordinal: ordinal), entry.key) {
                visit(
                    entry.key,
                    MessageText(head: Array(head[headFrom..<headEnd]), body: Array(body[bodyFrom..<bodyEnd]))
                )
            }
            (headFrom, bodyFrom) = (headEnd, bodyEnd)
        }
        return true
    }

    // MARK: Writing

    func append(_ block: TextBlock, to state: inout SidecarState, reserve: UInt64) throws(TextSidecar.Failure) {
        guard state.blocks.count < TextPlace.maximumBlocks else { throw .full }
        guard let (head, headBytes) = TextFrame.make(block.head), let (body, bodyBytes) = TextFrame.make(block.body)
        else {
            throw .notWritten
        }
        let filters = [block.head, block.body].flatMap { [GramFilter(.three, of: $0), GramFilter(.four, of: $0)] }
        var info = BlockInfo()
        info.position = state.indexEnd
        info.dataOffset = state.dataEnd
        info.frames = [head, body]
        info.filters = filters.map { FilterExtent($0) }
        info.count = UInt32(clamping: block.count)
        var list = BlockList(info: info, entries: block.entries)
        let record = SidecarRecord(list).encode()
        list.info.listOctets = UInt32(clamping: record.count)
        guard record.count <= SidecarRecord.maximumPayload else { throw .full }
        try write(headBytes + bodyBytes, to: data, at: state.dataEnd, reserve)
        try write(record + filters.flatMap(\.bytes), to: index, at: state.indexEnd, reserve)
        state.add(list)
        state.dataEnd += info.storedOctets
        state.indexEnd = list.info.end
    }

    /// Cuts off what a crash left behind the end, and writes there.
    private func write(
        _ bytes: [UInt8],
        to file: SidecarFile,
        at end: UInt64,
        _ reserve: UInt64
    ) throws(TextSidecar.Failure) {
        if let size = file.size, size > end { file.truncate(to: end) }
        guard file.room > reserve.addingReportingOverflow(UInt64(bytes.count)).partialValue,
            file.write(bytes, at: end)
        else {
            file.truncate(to: end)
            throw .notWritten
        }
    }
}
