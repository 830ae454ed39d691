// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Journal

/// Any bytes as a segment, some of them made headers that verify: divided without gaps, read without a trap.
@main
enum FuzzJournalSegment {
    private static let identity = JournalIdentity(high: 1, low: 2)

    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        var bytes = input
        var place = 0
        while place + 80 <= bytes.count {
            // What the first octet says becomes of the 80: a header that verifies, one with a flipped bit, or nothing.
            let choice = bytes[place]
            if choice % 4 != 0 { sign(&bytes, at: place) }
            if choice % 4 == 2 { bytes[place + Int(choice) % 80] ^= 1 << (choice / 32) }
            place += 80 + Int(choice / 4) * 8
        }
        var end: UInt64 = 0
        for stretch in JournalParsers.segment(bytes, 7, identity) {
            precondition(stretch.lowerBound == end && stretch.upperBound > end)
            end = stretch.upperBound
        }
        precondition(end == UInt64(bytes.count))
    }

    /// Puts in what a header must say, and leaves the lengths as they are.
    private static func sign(_ bytes: inout [UInt8], at place: Int) {
        var writer = ByteWriter(reserving: 40)
        writer.bytes += [0x4D, 0x52, 0x4A, 0x31, 1, bytes[place + 5], bytes[place + 6] % 2, 0]
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(UInt32(7))
        writer.bytes += bytes[(place + 28)..<(place + 32)]
        writer.integer(UInt64(place))
        bytes.replaceSubrange(place..<(place + 40), with: writer.bytes)
        // Lengths near what there is reach more than any lengths do.
        for octet in [30, 31, 43, 46, 47] where bytes[place + 48] % 2 == 0 { bytes[place + octet] = 0 }
        var sum = ByteWriter(reserving: 4)
        sum.integer(CRC32C.of(Array(bytes[place..<(place + 76)])))
        bytes.replaceSubrange((place + 76)..<(place + 80), with: sum.bytes)
    }
}
