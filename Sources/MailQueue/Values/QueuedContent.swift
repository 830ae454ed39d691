// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Journal

/// The octets of a message that is to be queued.
package enum QueueContent: Sendable {
    case octets(OctetBlock)
    /// A file; `owner` keeps the descriptor open.
    case file(descriptor: Int32, count: UInt64, owner: any AnyObject & Sendable)

    package var size: UInt64 {
        switch self {
        case .octets(let block): UInt64(block.count)
        case .file(_, let count, _): count
        }
    }

    var body: JournalBody {
        switch self {
        case .octets(let block): .block(block)
        case .file(let descriptor, let count, let owner):
            .file(BodyFile(descriptor: descriptor, count: count, owner: owner))
        }
    }
}

/// The octets of a queued message.
///
/// They never change.
package final class QueuedContent: Sendable {
    package let size: UInt64
    private let journal: Journal
    private let body: BodyAddress

    init(_ journal: Journal, _ body: BodyAddress) {
        self.journal = journal
        self.body = body
        size = body.length
    }

    /// Octets from `offset` on, at most `maximum`; none behind the end.
    ///
    /// Throws `.damaged` when they cannot be had as they came.
    package func read(at offset: UInt64, maximum: Int) async throws(QueueError) -> [UInt8] {
        guard offset < size, maximum > 0 else { return [] }
        let end = offset &+ min(UInt64(maximum), size &- offset)
        let found: BodyOctets
        do throws(JournalError) {
            found = try await journal.read(body, offset..<end)
        } catch {
            throw QueueError(error)
        }
        guard found.lost.isEmpty else { throw .damaged }
        return found.bytes
    }
}

/// Why the queue could not do what was asked.
package enum QueueError: Error, Sendable, Hashable, CustomStringConvertible {
    /// No room on the disk, or less than is to be kept free.
    case full
    /// More messages than the queue may hold.
    case tooMany
    /// The queue has ended, or its disk fails.
    case unavailable(String)
    /// Octets of the message are lost.
    case damaged
    /// Another process has the queue open.
    case busy
    /// The message is in a state that does not allow it.
    case conflict(String)

    init(_ error: JournalError) {
        switch error {
        case .full: self = .full
        case .lost: self = .damaged
        case .closed: self = .unavailable("the queue is closed")
        case .tooLarge: self = .unavailable("the message is too large")
        case .newer(let version): self = .unavailable("a later release has written it (version \(version))")
        case .foreign: self = .unavailable("the segments are another queue's")
        case .system(let number, let call): self = .unavailable("\(call): errno \(number)")
        }
    }

    package var description: String {
        switch self {
        case .full: "no room on the disk"
        case .tooMany: "the queue holds as many messages as it may"
        case .unavailable(let reason): reason
        case .damaged: "octets of the message are lost"
        case .busy: "another process uses the queue"
        case .conflict(let reason): reason
        }
    }
}
