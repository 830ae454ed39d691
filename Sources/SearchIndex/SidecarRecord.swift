// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A record of the index file: a block's directory, and where its texts and filters are.
///
///     magic "MTXR" | kind (4) | octets of payload (4) | octets of filters (4) | CRC of all these and the payload (4)
///     payload | filters
package struct SidecarRecord: Sendable {
    static let magic: UInt32 = 0x5258_544D
    static let headerOctets = 20
    private static let blockKind: UInt32 = 1
    /// A directory of 4,096 messages has at most this.
    static let maximumPayload = 1 << 20

    var list: BlockList

    init(_ list: BlockList) { self.list = list }

    /// The head of a record.
    struct Head: Sendable {
        var kind: UInt32
        var payloadOctets: Int
        var filterOctets: Int
        var crc: UInt32

        init?(_ bytes: [UInt8]) {
            var reader = ByteReader(bytes)
            guard let magic = try? reader.integer(UInt32.self), magic == SidecarRecord.magic,
                let kind = try? reader.integer(UInt32.self), let payload = try? reader.integer(UInt32.self),
                let filters = try? reader.integer(UInt32.self), let crc = try? reader.integer(UInt32.self),
                payload <= UInt32(SidecarRecord.maximumPayload)
            else { return nil }
            (self.kind, payloadOctets, filterOctets, self.crc) = (kind, Int(payload), Int(filters), crc)
        }
    }

    /// Reads a record, header and payload; total: anything else gives `nil`.
    package init?(reading bytes: [UInt8]) {
        guard let head = Head(bytes), bytes.count == Self.headerOctets + head.payloadOctets,
            head.crc == Self.checksum(bytes)
        else { return nil }
        var reader = ByteReader(bytes, at: Self.headerOctets)
        guard head.kind == Self.blockKind, let list = try? BlockList(&reader), reader.remaining == 0,
            list.info.filterOctets == UInt64(head.filterOctets)
        else { return nil }
        self.list = list
    }

    package func encode() -> [UInt8] {
        var payload = ByteWriter()
        list.encode(into: &payload)
        var record = ByteWriter()
        record.integer(Self.magic)
        record.integer(Self.blockKind)
        record.integer(UInt32(clamping: payload.bytes.count))
        record.integer(UInt32(clamping: list.info.filterOctets))
        record.integer(UInt32(0))
        record.bytes += payload.bytes
        let crc = Self.checksum(record.bytes)
        for index in 0..<4 { record.bytes[16 + index] = UInt8(truncatingIfNeeded: crc >> UInt32(8 * index)) }
        return record.bytes
    }

    /// Of everything but the checksum itself.
    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var crc = CRC32C.of(Array(bytes.prefix(16)))
        crc = CRC32C.continuing(crc, bytes.dropFirst(headerOctets))
        return crc
    }
}

extension CRC32C {
    fileprivate static func continuing(_ value: UInt32, _ bytes: ArraySlice<UInt8>) -> UInt32 {
        var crc = CRC32C(continuing: value)
        crc.add(Array(bytes))
        return crc.value
    }
}

extension TextKey {
    init(_ reader: inout ByteReader) throws(ByteReaderError) {
        // Put together here, octet by octet: a directory has thousands, and a generic call for each number tells.
        let octets = try reader.take(12)
        func number(_ range: Range<Int>) -> UInt64 {
            range.reversed().reduce(0) { $0 << 8 | UInt64(octets[octets.startIndex + $1]) }
        }
        self.init(number(0..<8), check: UInt32(truncatingIfNeeded: number(8..<12)))
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(number)
        writer.integer(check)
    }
}

/// What a block's record says: which messages it has, and where their texts are.
package struct BlockList: Sendable {
    var info: BlockInfo
    var entries: [TextBlock.Entry]

    init(info: BlockInfo, entries: [TextBlock.Entry]) {
        self.info = info
        self.entries = entries
    }

    /// Throws where octets are missing; `nil` when numbers do not agree.
    init?(_ reader: inout ByteReader) throws(ByteReaderError) {
        info = BlockInfo()
        info.dataOffset = try reader.integer()
        for index in 0..<2 {
            info.frames[index].stored = try reader.integer()
            info.frames[index].octets = try reader.integer()
            info.frames[index].crc = try reader.integer()
        }
        for index in 0..<4 {
            info.filters[index].octets = try reader.integer()
            info.filters[index].crc = try reader.integer()
        }
        info.count = try reader.integer()
        entries = []
        guard info.count <= UInt32(TextPlace.maximumOrdinals) else { return nil }
        var sums: [UInt64] = [0, 0]
        for _ in 0..<info.count {
            let key = try TextKey(&reader)
            let flags: UInt8 = try reader.integer()
            let lengths = [try reader.variableInteger(), try reader.variableInteger()]
            guard flags <= 1, lengths.allSatisfy({ $0 <= UInt64(UInt32.max) }) else { return nil }
            for index in 0..<2 { sums[index] += lengths[index] }
            entries.append(
                TextBlock.Entry(
                    key: key,
                    headOctets: Int(lengths[0]),
                    bodyOctets: Int(lengths[1]),
                    isTooLarge: flags == 1
                )
            )
        }
        guard (0..<2).allSatisfy({ sums[$0] == UInt64(info.frames[$0].octets) }), info.isSensible else { return nil }
    }

    func encode(into writer: inout ByteWriter) {
        writer.integer(info.dataOffset)
        for frame in info.frames {
            writer.integer(frame.stored)
            writer.integer(frame.octets)
            writer.integer(frame.crc)
        }
        for filter in info.filters {
            writer.integer(filter.octets)
            writer.integer(filter.crc)
        }
        writer.integer(UInt32(clamping: entries.count))
        for entry in entries {
            entry.key.encode(into: &writer)
            writer.integer(UInt8(entry.isTooLarge ? 1 : 0))
            writer.variableInteger(UInt64(clamping: entry.headOctets))
            writer.variableInteger(UInt64(clamping: entry.bodyOctets))
        }
    }
}

extension BlockInfo {
    /// A block is one message of the greatest length, or less than two full ones.
    static let maximumOctets = UInt32(MessageText.maximumOctets + TextBlock.fullOctets)

    /// What no block exceeds, so that a damaged number cannot ask for much memory.
    var isSensible: Bool {
        frames.allSatisfy { $0.octets <= Self.maximumOctets && $0.stored <= Self.maximumOctets * 2 }
            && filters.allSatisfy { $0.octets <= 4 << 20 } && dataOffset < 1 << 56
    }
}
