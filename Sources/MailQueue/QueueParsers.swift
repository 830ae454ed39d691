// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The parsers of what lies on disk, for those who feed them with anything.
package enum QueueParsers {
    /// Reads octets as a record, as a start does and as a look at one message does.
    ///
    /// True when they are one, which then reads back as it is written.
    package static func record(kind: UInt8, _ octets: [UInt8]) -> Bool {
        _ = QueueRecord.decode(kind: kind, octets, isReplay: true)
        guard let record = QueueRecord.decode(kind: kind, octets) else { return false }
        return QueueRecord.decode(kind: record.kind, record.metadata) == record
    }

    /// Kinds that records have.
    package static let kinds = QueueRecord.Kind.message...QueueRecord.Kind.clock
}
