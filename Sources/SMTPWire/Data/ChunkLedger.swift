// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The account of a message that comes in BDAT chunks (RFC 3030 §2): how many octets the chunk in hand still has, and
/// whether it is the last.
package struct ChunkLedger: Sendable, Hashable {
    /// Octets of the current chunk that were announced and not yet read.
    package private(set) var remaining: UInt64 = 0
    /// Octets of all chunks that were announced.
    package private(set) var announced: UInt64 = 0
    package private(set) var isLast = false

    package init() {}

    /// A chunk was announced.
    ///
    /// The one before must have been read to its end.
    package mutating func begin(_ chunk: ChunkCommand) {
        remaining = chunk.count
        announced = announced.addingReportingOverflow(chunk.count).overflow ? .max : announced &+ chunk.count
        isLast = chunk.isLast
    }

    /// Of `available` octets in hand, how many belong to the chunk; these count as read.
    package mutating func take(_ available: Int) -> Int {
        let count = Int(clamping: min(UInt64(clamping: available), remaining))
        remaining -= UInt64(count)
        return count
    }

    /// The chunk has been read to its end.
    package var isChunkComplete: Bool { remaining == 0 }
    /// The message has been read to its end.
    package var isMessageComplete: Bool { isLast && remaining == 0 }
}
