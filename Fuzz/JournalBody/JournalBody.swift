// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import Journal

/// Any bytes as a compressed body, and a good one that any bytes were written into: right octets, or named as lost.
@main
enum FuzzJournalBody {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard input.count >= 8 else { return }
        let length = UInt64(input[0]) << 12 | UInt64(input[1])
        let start = UInt64(input[2]) << 12
        if length > 0, start < length {
            let wanted = start..<min(length, start + UInt64(input[3]) << 10 + 1)
            if let found = JournalParsers.compressedBody(Array(input.dropFirst(4)), length: length, wanted) {
                precondition(found.bytes.count == wanted.count)
            }
        }
        guard !sample.stored.isEmpty else { return }
        // Patches: where (three octets) and how many octets of the input are written there.
        var (damaged, place) = (sample.stored, 0)
        while place + 4 <= input.count {
            let at = (Int(input[place]) << 16 | Int(input[place + 1]) << 8 | Int(input[place + 2])) % damaged.count
            let count = min(Int(input[place + 3] % 32), input.count - place - 4, damaged.count - at)
            damaged.replaceSubrange(at..<(at + count), with: input[(place + 4)..<(place + 4 + count)])
            place += 4 + count
        }
        let whole = 0..<UInt64(sample.body.count)
        guard let found = JournalParsers.compressedBody(damaged, length: whole.upperBound, whole) else { return }
        precondition(found.bytes.count == sample.body.count)
        var place64 = 0
        for range in found.lost + found.mended {
            // What is neither lost nor mended is what was written.
            let (low, high) = (Int(range.lowerBound), Int(range.upperBound))
            if low > place64 { precondition(found.bytes[place64..<low] == sample.body[place64..<low]) }
            place64 = max(place64, high)
        }
    }

    private static let sample: (body: [UInt8], stored: [UInt8]) = {
        let line = Array("Received: from martlet by example; the same words again and again\r\n".utf8)
        var body: [UInt8] = []
        while body.count < 150_000 { body += line + [UInt8(truncatingIfNeeded: body.count / 7)] }
        return (body, JournalParsers.compress(body) ?? [])
    }()
}
