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
