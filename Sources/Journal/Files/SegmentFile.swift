// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// One open segment.
///
/// Reading is thread-safe; only the writer writes.
final class SegmentFile: Sendable {
    let number: UInt32
    let descriptor: Int32

    /// Takes the descriptor over.
    init(number: UInt32, descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    static func path(_ number: UInt32, in directory: String) -> String {
        let digits = String(number)
        return "\(directory)/segment-\(String(repeating: "0", count: max(0, 10 - digits.count)))\(digits).log"
    }

    /// Leaves numbers for those that follow; far beyond what a store comes to.
    static let largestNumber = UInt32.max - 0x1_0000

    /// The number in a segment's file name.
    static func number(of name: String) -> UInt32? {
        guard name.hasPrefix("segment-"), name.hasSuffix(".log") else { return nil }
        let digits = name.dropFirst(8).dropLast(4)
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt32(digits), number > 0,
            number <= largestNumber
        else { return nil }
        return number
    }

    static func openForReading(_ number: UInt32, in directory: String) throws(JournalError) -> SegmentFile {
        let descriptor = unsafe Glibc.open(path(number, in: directory), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open") }
        return SegmentFile(number: number, descriptor: descriptor)
    }

    static func openForWriting(_ number: UInt32, in directory: String) throws(JournalError) -> SegmentFile {
        let descriptor = unsafe Glibc.open(path(number, in: directory), O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last("open") }
        return SegmentFile(number: number, descriptor: descriptor)
    }

    /// Makes a new segment and its name durable.
    static func create(_ number: UInt32, in directory: String) throws(JournalError) -> SegmentFile {
        let file = try createUnsynced(number, in: directory)
        do throws(JournalError) {
            try Directories.sync(directory)
        } catch {
            unsafe unlink(path(number, in: directory))
            throw error
        }
        return file
    }

    /// As `create`; the name is durable once the folder has been synced.
    static func createUnsynced(_ number: UInt32, in directory: String) throws(JournalError) -> SegmentFile {
        let descriptor = unsafe Glibc.open(
            path(number, in: directory),
            O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
            0o600
        )
        guard descriptor >= 0 else { throw .last("open") }
        return SegmentFile(number: number, descriptor: descriptor)
    }

    func size() throws(JournalError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .last("fstat") }
        return UInt64(clamping: status.st_size)
    }

    /// Where octets that were written begin, from a place on; `nil` when nothing but a hole follows.
    ///
    /// A file system that knows no holes answers with the place itself.
    func firstData(from offset: UInt64) -> UInt64? {
        let found = CLinux_first_data(descriptor, off_t(clamping: offset))
        return found >= 0 ? UInt64(found) : errno == ENXIO ? nil : offset
    }

    /// Up to `count` octets from `offset`; fewer only at the end of the file.
    ///
    /// Blocks.
    func read(_ count: Int, at offset: UInt64) throws(JournalError) -> [UInt8] {
        try read(count, at: offset, waiting: true) ?? []
    }

    /// As `read`, from the page cache only: `nil` when the disk would have to be waited for.
    func readCached(_ count: Int, at offset: UInt64) throws(JournalError) -> [UInt8]? {
        try read(count, at: offset, waiting: false)
    }

    /// As `read`, into the beginning of an array that is used again and grows as needed; how many octets there were.
    func read(_ count: Int, at offset: UInt64, into octets: inout [UInt8]) throws(JournalError) -> Int {
        if octets.count < count { octets += repeatElement(0, count: count - octets.count) }
        var filled = 0
        var failure: JournalError?
        unsafe octets.withUnsafeMutableBytes { buffer in
            while filled < count {
                guard let place = unsafe buffer.baseAddress.map({ unsafe $0 + filled }) else { break }
                let result = unsafe pread(descriptor, place, count - filled, off_t(clamping: offset &+ UInt64(filled)))
                if result > 0 {
                    filled += result
                } else if result == 0 {
                    break
                } else if errno != EINTR {
                    failure = .last("pread")
                    break
                }
            }
        }
        if let failure { throw failure }
        return filled
    }

    private func read(_ count: Int, at offset: UInt64, waiting: Bool) throws(JournalError) -> [UInt8]? {
        var failure: JournalError?
        var isMissing = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                guard let place = unsafe buffer.baseAddress.map({ unsafe $0 + filled }) else { break }
                let position = off_t(clamping: offset &+ UInt64(filled))
                let result =
                    unsafe waiting
                    ? pread(descriptor, place, count - filled, position)
                    : CLinux_pread_nowait(descriptor, place, count - filled, position)
                if result > 0 {
                    filled += result
                } else if result == 0 {
                    break
                } else if errno == EAGAIN || errno == EOPNOTSUPP, !waiting {
                    isMissing = true
                    break
                } else if errno != EINTR {
                    failure = .last("pread")
                    break
                }
            }
        }
        if let failure { throw failure }
        return isMissing ? nil : bytes
    }
}
