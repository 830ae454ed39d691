// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The metadata of a `RecordKind.seal` record: where earlier segments end.
///
/// What lies beyond that in them is a commit that failed, and is no record.
struct SegmentSeal: Hashable, Sendable {
    struct End: Hashable, Sendable {
        var segment: UInt32
        var offset: UInt64
    }

    /// So many segments before it are named.
    static let maximumEnds = 4

    var ends: [End]

    init(_ ends: [End] = []) { self.ends = ends }

    var octets: Int { ends.count * 12 }

    func encode() -> [UInt8] {
        var writer = ByteWriter(reserving: octets)
        for end in ends {
            writer.integer(end.segment)
            writer.integer(end.offset)
        }
        return writer.bytes
    }

    init(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        ends = []
        while let segment = try? reader.integer(UInt32.self), let offset = try? reader.integer(UInt64.self) {
            ends.append(End(segment: segment, offset: offset))
        }
    }
}
