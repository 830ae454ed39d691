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
    /// Lines before the message.
    private let head: [UInt8]
    private let damage = Lock(false)

    init(_ content: QueuedContent, behind head: [UInt8] = []) {
        self.content = content
        self.head = head
    }

    var size: UInt64 { content.size &+ UInt64(head.count) }
    /// Octets could not be had as they came.
    var isDamaged: Bool { damage.withLock { $0 } }

    func read(at offset: UInt64, maximum: Int) async throws(IOError) -> [UInt8] {
        var beginning: [UInt8] = []
        if let start = Int(exactly: offset), start < head.count { beginning = Array(head[start...].prefix(maximum)) }
        guard beginning.count < maximum else { return beginning }
        let place = offset &+ UInt64(beginning.count) &- UInt64(head.count)
        do throws(QueueError) {
            return try await beginning + content.read(at: place, maximum: maximum - beginning.count)
        } catch {
            if error == .damaged { damage.withLock { $0 = true } }
            throw .system(errno: EIO, call: "read")
        }
    }
}
