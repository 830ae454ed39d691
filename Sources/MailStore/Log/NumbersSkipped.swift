// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// Octets of a segment that are lost, as a fence has them.
package struct LostOctets: Sendable, Hashable {
    package var segment: UInt32
    package var octets: Range<UInt64>

    package init(segment: UInt32, octets: Range<UInt64>) {
        self.segment = segment
        self.octets = octets
    }
}

/// How many numbers may have been given by records that are lost.
///
/// UIDs under one UIDVALIDITY are never given again (RFC 9051 §2.3.1.1), nor are mod-sequences (RFC 7162 §3.1) and
/// MAILBOXIDs (RFC 8474 §4).
package struct NumbersSkipped: Sendable, Hashable {
    /// An entry of a transfer is the least that gives a UID.
    private static let octetsPerUID: UInt64 = 12
    /// A record is the least that gives a mod-sequence, or makes a mailbox.
    private static let octetsPerRecord: UInt64 = 80
    /// More than any journal has room for.
    private static let most: UInt64 = 1 << 40

    package var uids: UInt64
    package var modSeqs: UInt64
    package var mailboxes: UInt64
    /// When, since 1970: a new UIDVALIDITY, where UIDs run out, is no less.
    package var seconds: Int64

    package init(uids: UInt64, modSeqs: UInt64, mailboxes: UInt64, seconds: Int64) {
        self.uids = min(uids, Self.most)
        self.modSeqs = min(modSeqs, Self.most)
        self.mailboxes = min(mailboxes, Self.most)
        self.seconds = seconds
    }

    /// What so many octets can have given at most.
    package init(lostOctets: UInt64, seconds: Int64) {
        let records = lostOctets / Self.octetsPerRecord + 1
        self.init(
            uids: lostOctets / Self.octetsPerUID + 1,
            modSeqs: records,
            mailboxes: records,
            seconds: seconds
        )
    }
}

extension ByteWriter {
    mutating func add(_ lost: [LostOctets]) {
        variableInteger(UInt64(lost.count))
        for lost in lost {
            variableInteger(UInt64(lost.segment))
            variableInteger(lost.octets.lowerBound)
            variableInteger(lost.octets.upperBound - lost.octets.lowerBound)
        }
    }

    mutating func add(_ record: NumbersSkipped) {
        variableInteger(record.uids)
        variableInteger(record.modSeqs)
        variableInteger(record.mailboxes)
        signed(record.seconds)
    }
}

extension RecordReader {
    /// None in records of the first release.
    mutating func lostOctets() throws(ByteReaderError) -> [LostOctets] {
        guard !isAtEnd else { return [] }
        var lost: [LostOctets] = []
        for _ in 0..<(try count(of: 3)) {
            let (segment, lower) = (try number32(), try number())
            let (upper, isBeyond) = lower.addingReportingOverflow(try number())
            if !isBeyond { lost.append(LostOctets(segment: segment, octets: lower..<upper)) }
        }
        return lost
    }

    mutating func numbersSkipped() throws(ByteReaderError) -> NumbersSkipped {
        NumbersSkipped(uids: try number(), modSeqs: try number(), mailboxes: try number(), seconds: try signed())
    }
}
