// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc

/// One open file of a sidecar.
final class SidecarFile: Sendable {
    private let descriptor: Int32

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    static func open(_ path: String, forWriting: Bool = false) -> SidecarFile? {
        let descriptor = unsafe Glibc.open(path, (forWriting ? O_RDWR : O_RDONLY) | O_CLOEXEC)
        return descriptor >= 0 ? SidecarFile(descriptor) : nil
    }

    /// A new file in the place of any other.
    static func create(_ path: String) -> SidecarFile? {
        unsafe unlink(path)
        let descriptor = unsafe Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        return descriptor >= 0 ? SidecarFile(descriptor) : nil
    }

    var size: UInt64? {
        let end = lseek(descriptor, 0, Int32(SEEK_END))
        return end >= 0 ? UInt64(end) : nil
    }

    /// Up to `count` octets from `offset`; fewer at the end of the file, none when the disk fails.
    func read(_ count: Int, at offset: UInt64) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let result = unsafe pread(
                    descriptor,
                    base + filled,
                    count - filled,
                    off_t(clamping: offset &+ UInt64(filled))
                )
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { break }
                filled += result
            }
        }
    }

    func write(_ bytes: [UInt8], at offset: UInt64) -> Bool {
        var done = 0
        return unsafe bytes.withUnsafeBytes { buffer in
            while done < buffer.count {
                guard let base = buffer.baseAddress else { return true }
                let result = unsafe pwrite(
                    descriptor,
                    base + done,
                    buffer.count - done,
                    off_t(clamping: offset &+ UInt64(done))
                )
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { return false }
                done += result
            }
            return true
        }
    }

    func truncate(to size: UInt64) { _ = ftruncate(descriptor, off_t(clamping: size)) }

    /// Octets that the file system still has for this user.
    var room: UInt64 {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor, &status) == 0 else { return 0 }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    }
}

/// Where the sidecar of an account lies, and what tells it from others.
package struct SidecarPlace: Sendable, Hashable {
    /// The path of the index file; the data files are beside it.
    package var path: String
    /// 16 octets: the identity of the store.
    package var identity: [UInt8]
    package var account: UInt64

    package init(path: String, identity: [UInt8], account: UInt64) {
        self.path = path
        self.identity = identity
        self.account = account
    }

    /// Two names in turn, so that what a crash leaves behind is found.
    func dataPath(_ generation: UInt64) -> String { path + (generation.isMultiple(of: 2) ? "-a" : "-b") }
    var newPath: String { path + "-new" }

    /// Every file of it.
    var paths: [String] { [path, newPath, dataPath(0), dataPath(1)] }
}

/// The first octets of both files: whose they are, and that they belong together.
struct SidecarHead {
    static let octets: UInt64 = 48
    private static let magic: UInt32 = 0x4958_544D
    /// 1 had texts in lower case and undecomposed.
    private static let version: UInt32 = 2

    static func encode(_ place: SidecarPlace, generation: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.integer(magic)
        writer.integer(version)
        writer.bytes += (place.identity + [UInt8](repeating: 0, count: 16)).prefix(16)
        writer.integer(place.account)
        writer.integer(generation)
        writer.integer(UInt32(0))
        writer.integer(CRC32C.of(writer.bytes))
        return writer.bytes
    }

    /// The generation of a file that is whole and this account's, of this version.
    static func generation(_ bytes: [UInt8], _ place: SidecarPlace) -> UInt64? {
        var reader = ByteReader(bytes, at: 32)
        guard bytes.count == Int(octets), let generation = try? reader.integer(UInt64.self),
            bytes == encode(place, generation: generation)
        else { return nil }
        return generation
    }
}
