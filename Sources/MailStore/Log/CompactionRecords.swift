// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// What names the state in the body of a base record.
///
/// A base is written as two records in a row with the same size and sum, so that what is damaged in one of them is read
/// from the other.
package struct BaseRecord: Sendable, Hashable {
    /// How many records hold one base.
    package static let copies: UInt8 = 2
    /// The largest state that is read back: some 50 million messages.
    package static let maximumOctets: UInt64 = 1 << 32

    /// 1 or 2.
    package var copy: UInt8
    /// Octets of the state.
    package var size: UInt64
    /// CRC-32C of the state.
    package var sum: UInt32

    package init(copy: UInt8, size: UInt64, sum: UInt32) {
        self.copy = copy
        self.size = size
        self.sum = sum
    }

    /// Both records of a state.
    package static func pair(of state: [UInt8]) -> [BaseRecord] {
        let sum = CRC32C.of(state)
        return (1...copies).map { BaseRecord(copy: $0, size: UInt64(state.count), sum: sum) }
    }

    /// Whether the other record holds the same state.
    package func isTwin(of other: BaseRecord) -> Bool { size == other.size && sum == other.sum }

    /// The state in these octets, when they are those that were written.
    package func state(in bytes: [UInt8]) -> AccountState? {
        guard UInt64(bytes.count) == size, CRC32C.of(bytes) == sum else { return nil }
        return AccountState(decoding: bytes)
    }
}

/// A message that compaction has copied: where it was, and everything that its record said, with flags and
/// mod-sequence as they were at the time of the copy.
package struct MovedRecord: Sendable, Hashable {
    package var from: BodyReference
    package var email: EmailID
    package var message: MessageRecord

    package init(from: BodyReference, email: EmailID, message: MessageRecord) {
        self.from = from
        self.email = email
        self.message = message
    }
}

extension ByteWriter {
    mutating func add(_ record: BaseRecord) {
        integer(record.copy)
        variableInteger(record.size)
        integer(record.sum)
    }

    mutating func add(_ record: MovedRecord) {
        add(record.from)
        variableInteger(record.email.rawValue)
        add(record.message)
    }
}

extension RecordReader {
    mutating func base() throws(ByteReaderError) -> BaseRecord? {
        let record = BaseRecord(copy: try octet(), size: try number(), sum: try fixed32())
        return (1...BaseRecord.copies).contains(record.copy) && record.size <= BaseRecord.maximumOctets ? record : nil
    }

    mutating func moved() throws(ByteReaderError) -> MovedRecord {
        MovedRecord(from: try body(), email: EmailID(try number()), message: try message())
    }
}
