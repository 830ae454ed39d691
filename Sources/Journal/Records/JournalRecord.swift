// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Glibc

/// A record to be appended.
package struct JournalRecord: Sendable {
    /// What it is, for the user of the journal; from `RecordKind.firstForUsers`.
    package var kind: UInt8
    /// The chain of records it belongs to: an account, a queue item.
    package var stream: UInt64
    package var metadata: [UInt8]
    package var body: JournalBody
    /// Its body may use the room that is kept free, because without it no room can be made.
    package var usesReserve: Bool

    package init(
        kind: UInt8,
        stream: UInt64,
        metadata: [UInt8],
        body: JournalBody = .none,
        usesReserve: Bool = false
    ) {
        self.kind = kind
        self.stream = stream
        self.metadata = metadata
        self.body = body
        self.usesReserve = usesReserve
    }
}

/// The octets of a record that are too many to be read whole.
package enum JournalBody: Sendable {
    case none
    case block(OctetBlock)
    case file(BodyFile)
    /// The body of a record that is in this journal already.
    ///
    /// Checked while it is read: when a chunk does not verify, the append fails with `.lost` of that record's position
    /// and nothing of it is in the journal. It may use the room that is kept free, for copying is how room is made.
    case copy(of: BodyAddress)

    package var count: UInt64 {
        switch self {
        case .none: 0
        case .block(let block): UInt64(block.count)
        case .file(let file): file.count
        case .copy(let address): address.length
        }
    }

    /// Whether it has to be read from the journal before it can be written.
    var isCopy: Bool {
        if case .copy = self { true } else { false }
    }
}

/// A file whose octets become a body; read by the writer piece by piece.
///
/// `owner` keeps the descriptor open.
package struct BodyFile: Sendable {
    package let descriptor: Int32
    package let count: UInt64
    package let owner: any AnyObject & Sendable

    package init(descriptor: Int32, count: UInt64, owner: any AnyObject & Sendable) {
        self.descriptor = descriptor
        self.count = count
        self.owner = owner
    }

    /// Octets that must be there; the end of the file before them is EIO.
    func octets(_ count: Int, at offset: UInt64) throws(JournalError) -> [UInt8] {
        var failure: JournalError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let position = off_t(clamping: offset &+ UInt64(filled))
                let result = unsafe pread(descriptor, base + filled, count - filled, position)
                if result < 0, errno == EINTR { continue }
                guard result > 0 else {
                    failure = result < 0 ? .last("pread") : .system(errno: EIO, call: "pread")
                    return
                }
                filled += result
            }
        }
        if let failure { throw failure }
        return bytes
    }
}

/// Kinds that the journal itself writes.
///
/// They belong to no stream.
package enum RecordKind {
    /// Nothing follows that was not on disk before: the journal was closed in order.
    static let closed: UInt8 = 1
    /// First in a segment: names the segment before it and where that one ends.
    static let seal: UInt8 = 2
    /// Records that a start found in doubt, or that they are settled (`DoubtNote`).
    static let doubt: UInt8 = 3
    /// Which segments were removed (`RemovedSegments`).
    static let removed: UInt8 = 4
    /// Kinds from here are the users'.
    package static let firstForUsers: UInt8 = 16
}
