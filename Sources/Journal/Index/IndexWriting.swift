// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// Writes the sidecar of a segment, block by block, and puts it in its place when it is whole.
///
/// Blocks.
struct IndexWriting: ~Copyable {
    private let binding: SegmentIndex.Binding
    private let path: String
    private let temporary: String
    private let descriptor: Int32
    private var block = ByteWriter(reserving: SegmentIndex.blockOctets * 2)
    private var entries = 0
    private var number: UInt32 = 0

    init?(_ binding: SegmentIndex.Binding, in directory: String) {
        self.binding = binding
        path = SegmentIndex.path(binding.segment, in: directory)
        temporary = String(path.dropLast(SegmentIndex.suffix.count)) + SegmentIndex.temporarySuffix
        descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    mutating func add(_ entry: SegmentIndex.Entry) -> Bool {
        SegmentIndex.append(entry, of: binding.identity, to: &block)
        entries += 1
        return block.bytes.count < SegmentIndex.blockOctets || flush(isLast: false)
    }

    /// False when it could not be written; the sidecar that was there is then still there.
    consuming func finish() -> Bool {
        guard flush(isLast: true), unsafe rename(temporary, path) == 0 else {
            abandon()
            return false
        }
        return true
    }

    consuming func abandon() { unsafe unlink(temporary) }

    private mutating func flush(isLast: Bool) -> Bool {
        let octets = SegmentIndex.block(block.bytes, entries: entries, number: number, isLast: isLast, binding)
        block.bytes.removeAll(keepingCapacity: true)
        (entries, number) = (0, number + 1)
        return WholeFile.writeAll(octets, to: descriptor)
    }
}

extension SegmentTable {
    /// Reads a segment that is left and writes its sidecar; false when it cannot be, or the segment is not as long as it was.
    ///
    /// Blocks.
    func writeIndex(of number: UInt32) -> Bool {
        guard let file = try? file(number), let size = try? file.size() else { return false }
        let end = recordsEnd(of: number, size: size)
        // Of one that is cut it would pass for that of the whole segment.
        guard end <= size else { return false }
        let binding = SegmentIndex.Binding(identity: identity, segment: number, sealedLength: end)
        guard var writing = IndexWriting(binding, in: directory) else { return false }
        var walk = SegmentScan(file, identity: identity, to: end)
        while true {
            let item: SegmentScan.Item
            do throws(JournalError) {
                guard let next = try walk.next() else { break }
                item = next
            } catch {
                writing.abandon()
                return false
            }
            let entry: SegmentIndex.Entry =
                switch item {
                case .record(let header), .cut(let header):
                    .record(header, metadata(of: header).map { .whole($0.octets) } ?? .lost)
                case .damage(let range): .damage(range)
                }
            guard writing.add(entry) else {
                writing.abandon()
                return false
            }
        }
        guard writing.finish() else { return false }
        // The segment may have been removed meanwhile.
        if !contains(number) { unsafe unlink(SegmentIndex.path(number, in: directory)) }
        return true
    }
}
