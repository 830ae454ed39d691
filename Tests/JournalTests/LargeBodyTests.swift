// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Journal
import Locking
import Testing

@Suite("Journal: bodies larger than memory")
struct LargeBodyTests {
    /// A sparse file with a stamp at the beginning of every MiB.
    private final class LargeFile: Sendable {
        let descriptor: Int32
        let count: UInt64

        init(_ path: String, count: UInt64) {
            self.count = count
            descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL, 0o600)
            unsafe unlink(path)
            ftruncate(descriptor, off_t(count))
            for offset in stride(from: 0, to: count, by: 1 << 20) {
                let stamp = Self.stamp(offset)
                _ = unsafe stamp.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, 8, off_t(offset)) }
            }
        }

        deinit { close(descriptor) }

        static func stamp(_ offset: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: offset >> ($0 * 8)) } }
    }

    /// The most memory this process has had, in octets.
    private func peak() -> Int {
        let status = String(decoding: WholeFile.procContents("/proc/self/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// Appends a body of `count` octets, copies it compressed, and reads both; the largest write.
    private func stream(_ count: UInt64) async throws -> Int {
        let place = TemporaryJournal()
        let largest = Lock(0)
        var options = JournalOptions()
        options.faults = JournalFaults(write: { octets in
            largest.withLock { $0 = max($0, octets) }
            return .success(octets)
        })
        let journal = try place.open(options)
        let file = LargeFile(place.directory + "/large", count: count)
        let body = JournalBody.file(BodyFile(descriptor: file.descriptor, count: count, owner: file))
        let plain = JournalRecord(kind: 16, stream: 1, metadata: [1], body: body)
        let first = try journal.record(at: try await journal.append([plain])[0]).body
        let copy = JournalRecord(kind: 16, stream: 1, metadata: [2], body: .copy(of: first))
        let second = try journal.record(at: try await journal.append([copy], compression: .whenSmaller)[0]).body
        for address in [first, second] {
            #expect(address.length == count)
            for offset in stride(from: 0, to: count, by: 1 << 20) {
                let found = try await journal.read(address, offset..<(offset + 16))
                #expect(found.lost.isEmpty && found.bytes == LargeFile.stamp(offset) + [UInt8](repeating: 0, count: 8))
            }
        }
        #expect(journal.octetsOnDisk < count + count / 8)
        #expect(
            try journal.items(of: journal.activeSegment).allSatisfy { if case .intact = $0 { true } else { false } }
        )
        await journal.close()
        return largest.withLock { $0 }
    }

    @Test("A body of 48 MiB is written, copied and compressed in pieces of 1 MiB")
    func pieces() async throws {
        #expect(try await stream(48 << 20) <= 16 * 65_544)
    }

    /// By `script/journal-large`, alone in its process: other tests take memory too.
    @Test(
        "A body of 1 GiB takes no more memory than a small one",
        .enabled(if: unsafe getenv("MARTLET_LARGE_BODY") != nil)
    )
    func gigabyte() async throws {
        _ = try await stream(8 << 20)
        let before = peak()
        #expect(try await stream(1 << 30) <= 16 * 65_544)
        let taken = peak() - before
        print("memory beyond that for 8 MiB: \(taken / 1024) KiB")
        #expect(taken < 16 << 20)
    }
}

extension WholeFile {
    /// A file that does not know its size.
    fileprivate static func procContents(_ path: String) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(max(0, count)))
    }
}
