// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Finds, 32 octets at a time, where message data needs to be looked at octet by octet.
enum LineScan {
    private typealias Block = SIMD32<UInt8>
    /// A block is compared at its own place and one octet to either side.
    private static let stride = 32

    /// The first offset from `start` on at whose block there is a CR or LF on its own, or an LF with a dot behind it;
    /// or, when none is found, where the whole blocks end.
    ///
    /// `start` must be 1 or more: the octet before is looked at.
    ///
    /// In `start..<result` every LF has a CR before it and no dot behind it, and every CR but one at the very end has an
    /// LF behind it.
    static func endOfPlainRun(in bytes: RawSpan, from start: Int) -> Int {
        let cr = Block(repeating: ASCII.cr)
        let lf = Block(repeating: ASCII.lf)
        let dot = Block(repeating: ASCII.dot)
        var offset = start
        while offset &+ stride < bytes.byteCount {
            let before = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &- 1, as: Block.self)
            let here = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Block.self)
            let behind = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset &+ 1, as: Block.self)
            let isLF = here .== lf
            let isNotable = ((before .== cr) .^ isLF) .| (isLF .& (behind .== dot))
            let words = unsafe unsafeBitCast(isNotable, to: SIMD4<UInt64>.self)
            if (words[0] | words[1] | words[2] | words[3]) != 0 { return offset }
            offset &+= stride
        }
        return offset
    }
}
