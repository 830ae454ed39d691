// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Turns the body of one text part into text, piece by piece: transfer encoding, then charset.
///
/// For search and previews.
///
/// Holds at most `blockOctets`. Octets are converted in blocks that end with a line, so that a block can be read
/// without the one before; a line longer than a block may lose the character at the cut.
package struct PartTextDecoder: Sendable {
    private var transfer: TransferDecoder
    private let charset: [UInt8]
    private let isWide: Bool
    private var held: [UInt8] = []
    private static let blockOctets = 64 << 10

    package init(_ part: MessagePart) {
        transfer = TransferDecoder(part.transferEncoding) ?? .identity
        charset = part.mediaType.parameters.octets(of: "charset") ?? []
        let name = ASCII.lowercased(String(decoding: charset, as: UTF8.self))
        isWide = ["utf-16", "utf-32", "ucs-2", "ucs-4", "iso-10646-ucs"].contains { name.hasPrefix($0) }
    }

    /// The text of what is whole after this piece; may be empty.
    package mutating func decode(_ piece: [UInt8]) -> String {
        transfer.decode(piece, into: &held)
        return held.count < Self.blockOctets ? "" : takeBlock(upTo: cut)
    }

    /// The rest.
    package mutating func finish() -> String {
        transfer.finish(into: &held)
        return takeBlock(upTo: held.count)
    }

    /// Where a block can end: behind the last line end, else before an unfinished UTF-8 character.
    private var cut: Int {
        if isWide { return held.count & ~3 }
        if let lf = held.lastIndex(of: ASCII.lf) { return lf + 1 }
        var end = held.count
        while end > 0, held.count - end < 4, held[end - 1] & 0xC0 == 0x80 { end -= 1 }
        if end > 0, held[end - 1] >= 0xC0 { end -= 1 }
        return end > 0 ? end : held.count
    }

    private mutating func takeBlock(upTo end: Int) -> String {
        let text = Charset.text(Array(held[..<end]), charset: charset)
        held.removeFirst(end)
        return text
    }
}
