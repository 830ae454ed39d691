// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What compaction has done.
package struct CompactionReport: Sendable, Hashable {
    package var segmentsRemoved = 0
    /// Octets of the segments that went.
    package var octetsRemoved: UInt64 = 0
    /// Messages that were copied, and their octets.
    package var messagesMoved = 0
    package var octetsMoved: UInt64 = 0
    /// Octets of all segments before and after; deliveries that came meanwhile are in the latter.
    package var octetsBefore: UInt64 = 0
    package var octetsAfter: UInt64 = 0
    /// Segments that stay because a message in them cannot be copied, as paths below the store's folder.
    package var stuckSegments: [String] = []
    /// Why it ended before everything was done, when it did.
    package var stopped: String?

    package init() {}
}
