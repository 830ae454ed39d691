// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPWire

/// A folder in which mail is left for programs to collect: a file for each message, with its envelope in front, as the
/// pickup folder takes it.
///
/// ```
/// FOLDER/.QUEUEID-N.part   being written
/// FOLDER/QUEUEID-N.eml     whole, and on disk
/// ```
///
/// The file has its name when all of it is on disk, and the recipients count as delivered when the name is. A delivery
/// that has to be repeated, because this process died in between, has the same name: a file that nobody has collected
/// yet is replaced by itself.
struct DropFolder: Sendable {
    private static let pieceOctets = 256 * 1024

    let path: String

    /// Writes one file for recipients of a message.
    ///
    /// - Parameters:
    ///   - numbers: the recipients' positions in the message; one at least.
    ///   - sender: the envelope sender towards them.
    func deliver(
        _ batch: DeliveryBatch,
        _ numbers: [Int],
        to commands: [RecipientCommand],
        from sender: ReversePath,
        behind head: [UInt8]
    ) async -> DeliveryResult {
        let content = OutgoingContent(batch.content, behind: Self.envelope(sender, commands) + head)
        let name = "\(batch.id)-\(numbers.min() ?? 0)"
        do throws(IOError) {
            try await write(content, as: name)
        } catch {
            return failure(error, commands.count, isDamaged: content.isDamaged)
        }
        var outcome = DeliveryOutcome(.delivered, SMTPReply(250, .other, "In the drop folder, as \(name).eml"))
        outcome.host = path
        return DeliveryResult([DeliveryOutcome](repeating: outcome, count: commands.count))
    }

    /// Fields of ours, up to where the message begins, so that none that its author wrote is taken for one.
    private static func envelope(_ sender: ReversePath, _ commands: [RecipientCommand]) -> [UInt8] {
        let receivers = commands.map { "X-Receiver: \($0.forwardPath)\r\n" }.joined()
        return Array("X-Sender: \(sender)\r\n\(receivers)X-Envelope-End: yes\r\n".utf8)
    }

    private func write(_ content: OutgoingContent, as name: String) async throws(IOError) {
        let path = path
        let file = try await Self.blocking { () throws(IOError) in try DropFile(in: path, name) }
        var offset: UInt64 = 0
        while offset < content.size {
            let piece = try await content.read(at: offset, maximum: Self.pieceOctets)
            guard !piece.isEmpty else { throw .system(errno: EIO, call: "read") }
            offset += UInt64(piece.count)
            try await Self.blocking { () throws(IOError) in try file.append(piece) }
        }
        try await Self.blocking { () throws(IOError) in try file.finish() }
    }

    private static func blocking<Value: Sendable>(
        _ body: @escaping @Sendable () throws(IOError) -> Value
    ) async throws(IOError) -> Value {
        let outcome = await BlockingPool.shared.run { () -> Result<Value, IOError> in
            do throws(IOError) { return .success(try body()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// The mail waits in the queue: no fault of a folder is a reason to send mail back before its time.
    private func failure(_ error: IOError, _ count: Int, isDamaged: Bool) -> DeliveryResult {
        var reply = SMTPReply(451, .mailSystem, "The drop folder cannot be written: \(error)")
        if case .system(let number, _) = error, number == ENOSPC || number == EDQUOT {
            reply = SMTPReply(452, .mailSystemFull, "No room in the drop folder")
        }
        return DeliveryResult(
            [DeliveryOutcome](repeating: DeliveryOutcome(.deferred, reply), count: count),
            destinationFailure: isDamaged ? nil : "\(path): \(error)",
            contentIsDamaged: isDamaged
        )
    }
}

/// A file that has its name when it is whole.
///
/// Used by one task at a time; all methods block.
private final class DropFile: Sendable {
    private let folder: String
    private let name: String
    private let fd: Int32

    private var part: String { "\(folder)/.\(name).part" }

    /// Begins it, and makes the folder when it is missing.
    init(in folder: String, _ name: String) throws(IOError) {
        (self.folder, self.name) = (folder, name)
        let path = "\(folder)/.\(name).part"
        // Members of the folder's group collect the files, whatever the mask of this process keeps from others.
        if unsafe mkdir(folder, 0o770) == 0 {
            unsafe chmod(folder, 0o2770)
        } else if errno != EEXIST {
            throw .system(errno: errno, call: "mkdir")
        }
        // What is here from before a death is written anew.
        fd = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o660)
        guard fd >= 0 else { throw .system(errno: errno, call: "open") }
        fchmod(fd, 0o660)
    }

    deinit {
        close(fd)
        // Nothing, when it has its name.
        unsafe unlink(part)
    }

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

    /// All is on disk, then the name, then the folder that has it.
    func finish() throws(IOError) {
        guard fsync(fd) == 0 else { throw .system(errno: errno, call: "fsync") }
        guard unsafe rename(part, "\(folder)/\(name).eml") == 0 else { throw .system(errno: errno, call: "rename") }
        let directory = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw .system(errno: errno, call: "open") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw .system(errno: errno, call: "fsync") }
    }
}
