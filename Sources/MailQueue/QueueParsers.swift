// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal

/// The parsers of what lies on disk, for those who feed them with anything.
package enum QueueParsers {
    /// Reads octets as a record, as a start does and as a look at one message does.
    ///
    /// True when they are one, which both read alike, and which reads back as it is written.
    package static func record(kind: UInt8, _ octets: [UInt8]) -> Bool {
        var state = QueueState()
        let place = RecordPosition(segment: 1, offset: 0)
        let isReplayed = state.replay(kind: kind, octets, at: place, preamble: 0, size: 0)
        guard let record = QueueRecord.decode(kind: kind, octets) else { return false }
        guard isReplayed else { return false }
        var known = QueueState()
        known.apply(record, at: place, preamble: 0, size: 0)
        guard known.entries == state.entries, known.clockOffset == state.clockOffset else { return false }
        return QueueRecord.decode(kind: record.kind, record.metadata) == record
    }

    /// Kinds that records have.
    package static let kinds = QueueRecord.Kind.message...QueueRecord.Kind.clock
}
