// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Compression

/// Texts that are kept together: about 256 KiB, compressed and filtered as one.
package struct TextBlock: Sendable {
    /// A block is full when it has so much text, or `TextPlace.maximumOrdinals` messages.
    package static let fullOctets = 256 << 10

    struct Entry: Sendable, Hashable {
        var key: TextKey
        var headOctets: Int
        var bodyOctets: Int
        /// Of a message whose text is too large: nothing is kept, it is read itself.
        var isTooLarge: Bool
    }

    private(set) var entries: [Entry] = []
    private(set) var head: [UInt8] = []
    private(set) var body: [UInt8] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }
    package var octets: Int { head.count + body.count }
    package var isFull: Bool { octets >= Self.fullOctets || entries.count >= TextPlace.maximumOrdinals }

    /// The caller sees to it that a full block takes no more.
    package mutating func add(_ key: TextKey, _ text: MessageText) {
        entries.append(
            Entry(
                key: key,
                headOctets: text.head.count,
                bodyOctets: text.body.count,
                isTooLarge: text.isTooLarge
            )
        )
        head += text.head
        body += text.body
    }
}

/// One compressed stretch of text in the data file.
struct TextFrame: Sendable, Hashable {
    var stored: UInt32 = 0
    var octets: UInt32 = 0
    var crc: UInt32 = 0

    static func make(_ text: [UInt8]) -> (frame: TextFrame, bytes: [UInt8])? {
        guard !text.isEmpty else { return (TextFrame(), []) }
        guard let bytes = unsafe Zstd.compress(text.span.bytes, level: Zstd.quickLevel),
            let stored = UInt32(exactly: bytes.count), let octets = UInt32(exactly: text.count)
        else { return nil }
        return (TextFrame(stored: stored, octets: octets, crc: CRC32C.of(bytes)), bytes)
    }

    /// The text; `nil` when it is damaged.
    func text(_ bytes: [UInt8]) -> [UInt8]? {
        guard octets > 0 else { return [] }
        guard bytes.count == Int(stored), CRC32C.of(bytes) == crc else { return nil }
        return unsafe Zstd.decompress(bytes.span.bytes, count: Int(octets))
    }
}

/// A filter beside a block.
struct FilterExtent: Sendable, Hashable {
    var octets: UInt32 = 0
    var crc: UInt32 = 0

    init() {}

    init(_ filter: GramFilter) {
        octets = UInt32(clamping: filter.bytes.count)
        crc = CRC32C.of(filter.bytes)
    }

    func filter(_ width: GramFilter.Width, _ bytes: [UInt8]) -> GramFilter? {
        guard bytes.count == Int(octets), CRC32C.of(bytes) == crc else { return nil }
        return GramFilter(width, reading: bytes)
    }
}

/// The two stretches of a block.
enum TextRegion: Int, Sendable, CaseIterable { case head, body }

/// What is known of a block without reading its texts.
struct BlockInfo: Sendable, Hashable {
    /// Where its record begins in the index file.
    var position: UInt64 = 0
    /// Octets of header and payload, before the filters.
    var listOctets: UInt32 = 0
    /// Where its frames begin in the data file: the head, then the body.
    var dataOffset: UInt64 = 0
    var frames = [TextFrame](repeating: TextFrame(), count: 2)
    /// Head by threes and fours, body by threes and fours: in this order behind the payload.
    var filters = [FilterExtent](repeating: FilterExtent(), count: 4)
    var count: UInt32 = 0

    var storedOctets: UInt64 { frames.reduce(0) { $0 + UInt64($1.stored) } }
    var filterOctets: UInt64 { filters.reduce(0) { $0 + UInt64($1.octets) } }
    var textOctets: UInt64 { frames.reduce(0) { $0 + UInt64($1.octets) } }
    /// Where the next record begins.
    var end: UInt64 { position &+ UInt64(listOctets) &+ filterOctets }

    func frameOffset(_ region: TextRegion) -> UInt64 {
        region == .head ? dataOffset : dataOffset &+ UInt64(frames[0].stored)
    }

    static func filterIndex(_ region: TextRegion, _ width: GramFilter.Width) -> Int {
        region.rawValue * 2 + (width == .four ? 1 : 0)
    }

    func filterOffset(_ index: Int) -> UInt64 {
        filters[..<index].reduce(position &+ UInt64(listOctets)) { $0 &+ UInt64($1.octets) }
    }
}
