// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// 16 octets that every record of a store carries, so that a record of another store is never taken for one of this.
package struct JournalIdentity: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits.
    package var text: String {
        var writer = ByteWriter(reserving: 16)
        writer.integer(high)
        writer.integer(low)
        return Hex.encode(writer.bytes)
    }

    package static func random() -> JournalIdentity {
        JournalIdentity(high: .random(in: .min ... .max), low: .random(in: .min ... .max))
    }
}

/// Where a record begins.
package struct RecordPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// From 1.
    package var segment: UInt32
    package var offset: UInt64

    package init(segment: UInt32, offset: UInt64) {
        self.segment = segment
        self.offset = offset
    }

    package static func < (a: Self, b: Self) -> Bool { (a.segment, a.offset) < (b.segment, b.offset) }
    package var description: String { "\(segment):\(offset)" }
}

/// Where a record's body is.
package struct BodyAddress: Hashable, Sendable {
    package var record: RecordPosition
    /// Octets of the record before its body, and whether the body lies compressed, for who keeps it: not to be reckoned
    /// with.
    package var preamble: UInt32
    /// Octets of the body.
    package var length: UInt64

    package init(record: RecordPosition, preamble: UInt32, length: UInt64) {
        self.record = record
        self.preamble = preamble
        self.length = length
    }

    /// In `preamble`: the body lies compressed.
    ///
    /// A hint that saves reading the header; an address without it is read all the same.
    static let compressed: UInt32 = 1 << 31
    var isCompressed: Bool { preamble & Self.compressed != 0 }
    /// Where the body begins in its segment.
    var bodyOffset: UInt64 { record.offset + UInt64(preamble & ~Self.compressed) }
}

/// Whether bodies are to be compressed.
package enum BodyCompression: Sendable, Hashable {
    /// As they are: what is quickest to write.
    case none
    /// Each 64 KiB by itself, in bodies that become smaller by at least an eighth.
    case whenSmaller
}

/// Octets of a body; those that were lost are zero and named.
package struct BodyOctets: Sendable, Hashable {
    package var bytes: [UInt8]
    /// Ranges of the body (not of `bytes`) that were lost.
    package var lost: [Range<UInt64>]
    /// Ranges of the body that did not verify and do with one bit flipped.
    package var mended: [Range<UInt64>]

    package init(bytes: [UInt8], lost: [Range<UInt64>], mended: [Range<UInt64>] = []) {
        self.bytes = bytes
        self.lost = lost
        self.mended = mended
    }

    /// Adds octets that follow these.
    mutating func append(_ chunk: CheckedChunk, _ place: Range<UInt64>) {
        switch chunk {
        case .lost: lost.append(place)
        case .mended: mended.append(place)
        case .whole: break
        }
    }
}

/// What checking a chunk found.
enum CheckedChunk: Hashable {
    case whole
    case mended
    case lost
}

/// Why the journal could not do what was asked.
package enum JournalError: Error, Sendable, Hashable {
    /// No room: ENOSPC, EDQUOT, EFBIG, or less than the room to be kept free.
    case full(errno: Int32)
    case system(errno: Int32, call: String)
    case closed
    /// Metadata or body beyond what a record may have.
    case tooLarge
    /// The segments carry another identity than the one given.
    case foreign
    /// There are records of a version that this release does not know; nothing was changed.
    case newer(version: UInt8)
    /// The record's header or metadata cannot be read.
    case lost(RecordPosition)
}

package struct JournalOptions: Sendable {
    /// A segment that has grown past this is left and a new one begun.
    package var segmentOctets: UInt64 = 64 << 20
    /// The most that is gathered for one write and one sync.
    ///
    /// One append may exceed it.
    package var batchOctets = 8 << 20
    /// Bodies are refused when the file system has less room than this; records without one (flags, expunge) still go.
    package var reservedOctets: UInt64 = 64 << 20
    package var maximumMetadataOctets = 64 << 20
    package var maximumBodyOctets: UInt64 = 1 << 40
    /// For tests: makes writes and syncs fail.
    package var faults: JournalFaults?

    package init() {}
}

/// Failures that a test puts between the journal and its files.
package struct JournalFaults: Sendable {
    /// How many of `octets` a write may take (fewer: a short write), or the errno it fails with.
    package var write: @Sendable (_ octets: Int) -> Result<Int, FaultErrno>
    /// The errno that fdatasync fails with; 0 for none.
    package var sync: @Sendable () -> Int32
    /// The errno that making a cut segment as long as it was fails with; 0 for none.
    package var lengthen: @Sendable () -> Int32
    /// The errno that making the next segment fails with; 0 for none.
    package var create: @Sendable () -> Int32

    package init(
        write: @escaping @Sendable (_ octets: Int) -> Result<Int, FaultErrno> = { .success($0) },
        sync: @escaping @Sendable () -> Int32 = { 0 },
        lengthen: @escaping @Sendable () -> Int32 = { 0 },
        create: @escaping @Sendable () -> Int32 = { 0 }
    ) {
        self.write = write
        self.sync = sync
        self.lengthen = lengthen
        self.create = create
    }
}

package struct FaultErrno: Error, Sendable, Hashable {
    package var errno: Int32
    package init(_ errno: Int32) { self.errno = errno }
}
