// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What opening a journal found.
package struct JournalRecovery: Sendable, Hashable {
    package struct Damage: Sendable, Hashable {
        package var segment: UInt32
        package var octets: Range<UInt64>
        /// Octets of records, at most, that may have followed the end of the journal, or of the segment before, and that
        /// nothing tells of.
        package var following: UInt64

        package init(segment: UInt32, octets: Range<UInt64>, following: UInt64 = 0) {
            self.segment = segment
            self.octets = octets
            self.following = following
        }
    }

    /// Records whose headers were read; those before the checkpoint are not among them.
    package var records = 0
    /// The journal was closed in order; nothing is torn or in doubt.
    package var wasClosed = false
    /// Octets of an unfinished write that were cut off the end.
    ///
    /// They were never acknowledged.
    package var tornOctets: UInt64 = 0
    /// Octets that are no records though records follow them: what was there is lost.
    package var damage: [Damage] = []
    /// Records whose header was read though a bit in it was flipped.
    package var mended: [RecordPosition] = []
    /// Records of the last commit that do not verify: the commit may never have been acknowledged; ascending.
    ///
    /// Their users must not take them for a promise kept. Each start names them again until `settleDoubt`.
    package var doubtful: [RecordPosition] = []
}
