// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Journal

/// Any bytes as the payload of a sidecar's block that verifies: entries, or refused.
@main
enum FuzzJournalIndex {
    private static let identity = JournalIdentity(high: 1, low: 2)

    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        _ = JournalParsers.index(input, 7, sealedLength: 1 << 20, identity)
        guard input.count >= 4 else { return }
        var payload = Array(input.dropFirst(4))
        sign(&payload)
        let split = Int(input[1]) * payload.count / 256
        let first = block(Array(payload[..<split]), entries: UInt32(input[0]), 0)
        let last = block(Array(payload[split...]), entries: UInt32(input[2]), 1 | 1 << 31)
        if let entries = JournalParsers.index(first + last, 7, sealedLength: 1 << 20, identity) {
            precondition(entries == Int(input[0]) + Int(input[2]))
        }
    }

    /// Makes a header that verifies of the octets after each octet below 2, as far as they come one after the other.
    private static func sign(_ payload: inout [UInt8]) {
        var place = 0
        while place + 81 <= payload.count, payload[place] < 3 {
            guard payload[place] < 2 else {
                place += 17
                continue
            }
            let metadata = payload[place] == 0 ? min(Int(payload[place + 30]), payload.count - place - 81) : 0
            var writer = ByteWriter(reserving: 80)
            writer.bytes += [0x4D, 0x52, 0x4A, 0x31, 1, payload[place + 6], payload[place + 7] % 2, 0]
            writer.integer(identity.high)
            writer.integer(identity.low)
            writer.integer(UInt32(7))
            writer.integer(UInt32(metadata))
            writer.bytes += payload[(place + 33)..<(place + 73)]
            writer.integer(CRC32C.of(Array(payload[(place + 81)..<(place + 81 + metadata)])))
            writer.integer(CRC32C.of(writer.bytes))
            payload.replaceSubrange((place + 1)..<(place + 81), with: writer.bytes)
            place += 81 + metadata
        }
    }

    private static func block(_ payload: [UInt8], entries: UInt32, _ number: UInt32) -> [UInt8] {
        var writer = ByteWriter(reserving: 48 + payload.count)
        writer.integer(UInt32(0x3158_524D))
        writer.integer(UInt32(payload.count))
        writer.integer(identity.high)
        writer.integer(identity.low)
        writer.integer(UInt32(7))
        writer.integer(number)
        writer.integer(UInt64(1 << 20))
        writer.integer(entries)
        var sum = CRC32C()
        sum.add(writer.bytes)
        sum.add(payload)
        writer.integer(sum.value)
        writer.bytes += payload
        return writer.bytes
    }
}
