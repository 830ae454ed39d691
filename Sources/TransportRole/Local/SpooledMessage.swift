// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Glibc
package import MailQueue
internal import MailStore
package import MailTypes
package import Runtime
internal import SMTPClient
package import SMTPServer

/// Takes the octets of one incoming message: in memory up to a bound, beyond it in a file without a name, which goes
/// away with this process.
///
/// Used by one task.
package final class MessageSpool {
    /// Held in memory; nearly all mail is smaller.
    package static let memoryOctets = 256 * 1024

    private let folder: String
    private let hasher = SHA256Hasher()
    private var memory: [UInt8] = []
    private var file: SpoolFile?
    /// Octets at the start that do not count for the digest.
    private var uncounted: Int
    private let sender: AccountID?
    private var identity: SentIdentity?
    package private(set) var size: UInt64 = 0

    /// - Parameters:
    ///   - folder: where large messages are put; on the same disk as nothing that matters, if there is a choice.
    ///   - traceOctets: octets at the start that the digest leaves out.
    package init(folder: String, leavingOut traceOctets: Int) {
        self.folder = folder
        uncounted = traceOctets
        sender = nil
    }

    /// For what a client sends; `SpooledMessage.sentIdentity` is had, too, when its sender's copy is to be filed.
    package init(folder: String, for transaction: MailTransaction) {
        self.folder = folder
        uncounted = transaction.traceOctets
        sender = transaction.sentCopy?.account
        guard sender != nil, transaction.sentIdentity == nil else { return }
        identity = SentIdentity(headerEnd: transaction.headerOctets, from: transaction.traceOctets)
    }

    /// Adds octets.
    ///
    /// Throws when the disk does not take them.
    package func add(_ bytes: [UInt8]) throws(IOError) {
        size &+= UInt64(bytes.count)
        let skipped = min(uncounted, bytes.count)
        uncounted -= skipped
        unsafe identity?.add(bytes.span.bytes)
        if skipped < bytes.count { unsafe hasher.add(bytes.span.bytes.extracting(skipped..<bytes.count)) }
        if let file { return try file.append(bytes) }
        memory += bytes
        guard memory.count > Self.memoryOctets else { return }
        let fresh = try SpoolFile(in: folder)
        try fresh.append(memory)
        file = fresh
        memory = []
    }

    /// The message is whole.
    package func finish() -> SpooledMessage {
        let name = sender.flatMap { identity?.finish(for: $0) }
        return SpooledMessage(memory: memory, file: file, size: size, sha256: hasher.finish(), sentIdentity: name)
    }
}

/// A whole message that was spooled.
///
/// Its octets never change, so that many deliveries may read it.
package final class SpooledMessage: MessageContent {
    private let memory: [UInt8]
    private let file: SpoolFile?
    package let size: UInt64
    /// Over the octets as the client sent them, without our trace fields.
    package let sha256: [UInt8]
    /// Of what the client sent, when its sender's copy is to be filed.
    package let sentIdentity: DeliveryID?

    init(memory: [UInt8], file: SpoolFile?, size: UInt64, sha256: [UInt8], sentIdentity: DeliveryID? = nil) {
        self.memory = memory
        self.file = file
        self.size = size
        self.sha256 = sha256
        self.sentIdentity = sentIdentity
    }

    package func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        guard let start = Int(exactly: offset), offset < size, maximum > 0 else { return [] }
        guard let file else { return Array(memory.dropFirst(start).prefix(maximum)) }
        let piece = await BlockingPool.shared.run { () -> Result<[UInt8], IOError> in
            do throws(IOError) { return .success(try file.read(at: offset, maximum: maximum)) } catch {
                return .failure(error)
            }
        }
        return try piece.get()
    }
}

extension SpooledMessage {
    /// The octets, for the queue.
    package var queueContent: QueueContent {
        guard let file else { return .octets(OctetBlock(memory)) }
        return .file(descriptor: file.descriptor, count: size, owner: file)
    }
}

/// A file that has no name any more.
///
/// Written by one task, then read by any.
final class SpoolFile: Sendable {
    private let fd: Int32

    var descriptor: Int32 { fd }

    init(in folder: String) throws(IOError) {
        let path = "\(folder)/incoming-\(Hex.encode(secureRandom(12)))"
        fd = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard fd >= 0 else { throw .system(errno: errno, call: "open") }
        unsafe unlink(path)
    }

    deinit { close(fd) }

    func append(_ bytes: [UInt8]) throws(IOError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { raw in
                unsafe write(fd, raw.baseAddress.map { unsafe $0 + written }, raw.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system(errno: count < 0 ? errno : ENOSPC, call: "write") }
            written += count
        }
    }

    func read(at offset: UInt64, maximum: Int) throws(IOError) -> [UInt8] {
        guard let position = off_t(exactly: offset) else { return [] }
        var bytes = [UInt8](repeating: 0, count: maximum)
        while true {
            let count = unsafe pread(fd, &bytes, maximum, position)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno: errno, call: "pread") }
            bytes.removeLast(maximum - count)
            return bytes
        }
    }
}
