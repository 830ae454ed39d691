// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Journal

/// Any bytes as a checkpoint, as they are and with a right beginning and sum: refused, or as many streams as fit.
@main
enum FuzzJournalHeads {
    private static let identity = JournalIdentity(high: 1, low: 2)

    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        _ = JournalParsers.heads(input, identity)
        _ = JournalParsers.removedSegments(input)
        var writer = ByteWriter(reserving: input.count + 28)
        writer.bytes += Array("MRTLEAD1".utf8)
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.bytes += input
        writer.integer(CRC32C.of(writer.bytes))
        if let streams = JournalParsers.heads(writer.bytes, identity) { precondition(streams * 20 <= input.count) }
    }
}
