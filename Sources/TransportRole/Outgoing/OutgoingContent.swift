// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import MailQueue
internal import Runtime
internal import SMTPClient

/// The octets of a queued message, as clients of other servers read them.
final class OutgoingContent: MessageContent {
    private let content: QueuedContent
    private let damage = Lock(false)

    init(_ content: QueuedContent) { self.content = content }

    var size: UInt64 { content.size }
    /// Octets could not be had as they came.
    var isDamaged: Bool { damage.withLock { $0 } }

    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        do throws(QueueError) {
            return try await content.read(at: offset, maximum: maximum)
        } catch {
            if error == .damaged { damage.withLock { $0 = true } }
            throw .system(errno: EIO, call: "read")
        }
    }
}
