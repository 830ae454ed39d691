// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Reads a sidecar from its beginning to its end, block by block.
///
/// Blocks.
struct IndexReading {
    enum Step {
        case entry(SegmentIndex.Entry)
        case end
        /// What follows cannot be read; the entries before it are good.
        case bad
    }

    private final class File: Sendable {
        let descriptor: Int32
        init?(_ path: String) {
            descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { return nil }
        }
        deinit { close(descriptor) }

        func octets(_ count: Int, at offset: UInt64) -> [UInt8]? {
            try? BodyFile(descriptor: descriptor, count: .max, owner: self).octets(count, at: offset)
        }

        var size: UInt64 {
            var status = stat()
            return unsafe fstat(descriptor, &status) == 0 ? UInt64(clamping: status.st_size) : 0
        }
    }

    private let file: File
    private let binding: SegmentIndex.Binding
    private let size: UInt64
    private var offset: UInt64 = 0
    private var blocks: UInt32 = 0
    private var sawLast = false
    private var entries: [SegmentIndex.Entry] = []
    private var next = 0

    /// `nil` when there is no sidecar.
    init?(_ binding: SegmentIndex.Binding, in directory: String) {
        guard let file = File(SegmentIndex.path(binding.segment, in: directory)) else { return nil }
        self.file = file
        self.binding = binding
        size = file.size
    }

    mutating func step() -> Step {
        while next == entries.count {
            guard !sawLast else { return offset == size ? .end : .bad }
            guard readBlock() else { return .bad }
        }
        defer { next += 1 }
        return .entry(entries[next])
    }

    private mutating func readBlock() -> Bool {
        guard let head = file.octets(SegmentIndex.headerOctets, at: offset),
            let header = SegmentIndex.header(head, binding), header.number == blocks,
            UInt64(header.payload) <= size - min(size, offset),
            let payload = file.octets(header.payload, at: offset + UInt64(SegmentIndex.headerOctets)),
            let found = SegmentIndex.entries(of: header, head, payload, binding)
        else { return false }
        (entries, next, sawLast) = (found, 0, header.isLast)
        offset += UInt64(SegmentIndex.headerOctets + header.payload)
        blocks += 1
        return true
    }
}

extension SegmentIndex {
    /// The identity in the first sidecar of a folder that begins with a whole block.
    ///
    /// Blocks.
    static func identity(in directory: String) -> JournalIdentity? {
        let numbers = ((try? Directories.entries(directory)) ?? []).compactMap(number(of:)).sorted()
        for number in numbers {
            guard let binding = binding(of: number, in: directory), var reading = IndexReading(binding, in: directory)
            else { continue }
            if case .entry = reading.step() { return binding.identity }
        }
        return nil
    }

    /// Where segments ended, from a number on, when their sidecars were written; of those that begin with a whole block.
    ///
    /// The last segment has one when it was full, and left. Blocks.
    static func knownEnds(in directory: String, _ identity: JournalIdentity, from first: UInt32) -> [KnownEnd] {
        let numbers = ((try? Directories.entries(directory)) ?? []).compactMap(number(of:)).filter { $0 >= first }
        return numbers.compactMap { number in
            knownEnd(of: number, in: directory, identity).map { KnownEnd(segment: number, octets: $0, isExact: true) }
        }
    }

    /// Where a segment ended when its sidecar was written; `nil` without one that begins with a whole block.
    ///
    /// Blocks.
    static func knownEnd(of number: UInt32, in directory: String, _ identity: JournalIdentity) -> UInt64? {
        guard let binding = binding(of: number, in: directory), binding.identity == identity,
            var reading = IndexReading(binding, in: directory), case .entry = reading.step()
        else { return nil }
        return binding.sealedLength
    }

    /// What the first octets of a sidecar say that it is bound to; nothing of that is checked.
    private static func binding(of number: UInt32, in directory: String) -> Binding? {
        let descriptor = unsafe open(path(number, in: directory), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        let file = SegmentFile(number: number, descriptor: descriptor)
        guard let head = try? file.read(headerOctets, at: 0), head.count == headerOctets else { return nil }
        let bytes = unsafe head.span.bytes
        return Binding(
            identity: JournalIdentity(high: bytes.littleEndian64(at: 8), low: bytes.littleEndian64(at: 16)),
            segment: number,
            sealedLength: bytes.littleEndian64(at: 32)
        )
    }
}
