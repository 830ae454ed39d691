// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads ranges of a body that lies compressed.
///
/// A range costs two reads, one of its part of the table and one of its chunks; a body of one chunk costs one. `nil`
/// everywhere means that the disk would have to be waited for.
struct CompressedReading {
    let reader: SegmentReader
    let address: BodyAddress
    private let chunks: Int
    private var tableStart: UInt64 { address.bodyOffset }
    private var dataStart: UInt64 { address.bodyOffset + CompressedLayout.tableOctets(of: address.length) }
    /// Octets of the body on disk, tables and all, when they are known; else the second table is not used.
    private let storedLength: UInt64?

    init?(_ reader: SegmentReader, _ address: BodyAddress, storedLength: UInt64?) {
        guard address.length > 0, address.length <= CompressedLayout.maximumLength else { return nil }
        self.reader = reader
        self.address = address
        chunks = Int(ChunkLayout.chunkCount(of: address.length))
        self.storedLength = storedLength.flatMap { stored in
            CompressedLayout.isPossible(length: address.length, stored: stored) ? stored : nil
        }
    }

    func octets(_ wanted: Range<UInt64>) -> BodyOctets? {
        let first = Int(wanted.lowerBound / UInt64(ChunkLayout.chunkOctets))
        let last = Int((wanted.upperBound - 1) / UInt64(ChunkLayout.chunkOctets))
        guard let starts = starts(of: first...(last + 1)), let found = read(first...last, starts) else { return nil }
        let begin = UInt64(first * ChunkLayout.chunkOctets)
        var octets = BodyOctets(bytes: [], lost: [])
        for (index, chunk) in found.enumerated() {
            let place = begin + UInt64(index * ChunkLayout.chunkOctets)
            let part = (place..<min(address.length, place + UInt64(ChunkLayout.chunkOctets))).clamped(to: wanted)
            octets.append(chunk?.check ?? .lost, part)
            if let chunk {
                octets.bytes += chunk.octets[Int(part.lowerBound - place)..<Int(part.upperBound - place)]
            } else {
                octets.bytes += repeatElement(0, count: part.count)
            }
        }
        return octets
    }

    private typealias Chunk = (octets: [UInt8], length: Int, check: CheckedChunk)

    /// Where the frames of chunks begin, from the first frame; of a chunk whose entry is damaged in both tables, `nil`.
    ///
    /// The one beyond the last begins where the second table does, which only the header knows.
    private func starts(of numbers: ClosedRange<Int>) -> [Int?]? {
        var starts = [Int?](repeating: nil, count: numbers.count)
        if numbers.lowerBound == 0 { starts[0] = 0 }
        if numbers.upperBound == chunks, let storedLength {
            let tables = 2 * CompressedLayout.tableOctets(of: address.length)
            starts[starts.count - 1] = storedLength > tables ? Int(storedLength - tables) : nil
        }
        let (low, high) = (max(1, numbers.lowerBound), min(numbers.upperBound, chunks - 1))
        guard low <= high else { return starts }
        guard fill(&starts, from: tableStart, low...high, first: numbers.lowerBound) else { return nil }
        let areKnown = (low...high).allSatisfy { starts[$0 - numbers.lowerBound] != nil }
        if let storedLength, !areKnown {
            let second = tableStart + storedLength - CompressedLayout.tableOctets(of: address.length)
            guard fill(&starts, from: second, low...high, first: numbers.lowerBound) else { return nil }
        }
        return starts
    }

    private func fill(_ starts: inout [Int?], from table: UInt64, _ wanted: ClosedRange<Int>, first: Int) -> Bool {
        let unit = CompressedLayout.entryOctets
        guard let octets = reader.octets(wanted.count * unit, at: table + UInt64((wanted.lowerBound - 1) * unit)) else {
            return false
        }
        let entries = unsafe octets.span.bytes
        for number in wanted {
            let place = (number - wanted.lowerBound) * unit
            let offset = entries.littleEndian32(at: place)
            let sum = CompressedLayout.entryChecksum(chunk: UInt32(truncatingIfNeeded: number), offset: offset)
            guard place + unit <= octets.count, entries.littleEndian32(at: place + 4) == sum,
                Int(offset) <= number * CompressedLayout.largestFrame
            else { continue }
            starts[number - first] = Int(offset)
        }
        return true
    }

    /// The octets of chunks; `nil` for one that is lost.
    private func read(_ numbers: ClosedRange<Int>, _ starts: [Int?]) -> [Chunk?]? {
        let together = frames(starts)
        var data: [UInt8] = []
        if let together {
            guard let octets = reader.octets(together.count, at: dataStart + UInt64(together.lowerBound)) else {
                return nil
            }
            data = octets
        }
        var found: [Chunk?] = []
        var next: Int?
        for number in numbers {
            guard let start = starts[number - numbers.lowerBound] ?? next else {
                found.append(nil)
                continue
            }
            var (octets, place) = (data, start - (together?.lowerBound ?? 0))
            if together == nil {
                guard let frame = reader.octets(CompressedLayout.largestFrame, at: dataStart + UInt64(start)) else {
                    return nil
                }
                (octets, place) = (frame, 0)
            }
            let extent = starts[number - numbers.lowerBound + 1].map { $0 - start }
            let chunk = chunk(number, in: octets, at: place, extent: extent)
            found.append(chunk)
            next = chunk.map { start + $0.length }
        }
        return found
    }

    private func chunk(_ number: Int, in octets: [UInt8], at place: Int, extent: Int?) -> Chunk? {
        guard place >= 0, place <= octets.count else { return nil }
        let end = min(octets.count, place + CompressedLayout.largestFrame)
        let begin = UInt64(number) * UInt64(ChunkLayout.chunkOctets)
        let count = Int(min(UInt64(ChunkLayout.chunkOctets), address.length - begin))
        return unsafe CompressedLayout.chunk(
            octets.span.bytes.extracting(place..<end),
            count: count,
            extent: extent,
            mends: reader.mends
        )
    }

    /// From the first frame to the end of the last, when all that can be known of it is and is in order.
    private func frames(_ starts: [Int?]) -> Range<Int>? {
        let known = starts.compactMap { $0 }
        guard let first = known.first, let last = known.last, known.count >= starts.count - 1,
            starts.dropLast().allSatisfy({ $0 != nil })
        else { return nil }
        for (start, next) in zip(known, known.dropFirst()) {
            guard next > start, next - start <= CompressedLayout.largestFrame else { return nil }
        }
        guard known.count < starts.count else { return first..<last }
        // Of the last chunk only its own frame says how long it is.
        let begin = UInt64((chunks - 1) * ChunkLayout.chunkOctets)
        return first..<(last + ChunkLayout.frameOctets + Int(address.length - begin))
    }
}
