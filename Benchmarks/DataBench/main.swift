// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import CLinux
import SMTPWire

// usage: DataBench [MEBIBYTES] [ROUNDS]
//
// Says how many octets a second the decoder and the encoder of DATA take, on one core, beside memcpy of the same octets
// in pieces of the same size; of several kinds of mail, in rounds in turns. As the server does: 64 KiB at a time, into
// an array that is made anew for each piece.

let pieceOctets = 64 * 1024
let mebibytes = CommandLine.arguments.dropFirst().first.flatMap(Int.init) ?? 64
let rounds = CommandLine.arguments.dropFirst(2).first.flatMap(Int.init) ?? 5

/// Lines of so many octets, every so many of them with a dot in front.
func lines(_ length: Int, dotEvery: Int = 0) -> [UInt8] {
    var octets: [UInt8] = []
    let total = mebibytes << 20
    octets.reserveCapacity(total + length + 3)
    var number = 0
    while octets.count < total {
        number += 1
        if dotEvery > 0, number.isMultiple(of: dotEvery) { octets += [ASCII.dot, ASCII.dot] }
        octets += (0..<length).map { UInt8(truncatingIfNeeded: 0x41 + ($0 + number) % 26) }
        octets += [ASCII.cr, ASCII.lf]
    }
    return octets
}

/// Gigabytes a second of one pass over all pieces, by the clock.
func rate(_ octets: [UInt8], _ pass: (RawSpan) -> Int) -> Double {
    var sum = 0
    let begun = CLinux_monotonic_time()
    var start = 0
    while start < octets.count {
        let end = min(start + pieceOctets, octets.count)
        sum &+= unsafe pass(octets.span.bytes.extracting(start..<end))
        start = end
    }
    let nanoseconds = Double(CLinux_monotonic_time() - begun)
    precondition(sum > 0, "nothing was written")
    return Double(octets.count) / nanoseconds
}

func copied(_ octets: [UInt8]) -> Double {
    rate(octets) { piece in
        var output: [UInt8] = []
        output.reserveCapacity(piece.byteCount + 2)
        unsafe piece.withUnsafeBytes { unsafe output.append(contentsOf: $0) }
        return output.count
    }
}

func decoded(_ octets: [UInt8]) -> Double {
    var decoder = DataDecoder(framing: .dotted, bareNewlines: .keep)
    return rate(octets) { piece in
        var output: [UInt8] = []
        output.reserveCapacity(piece.byteCount + 2)
        _ = decoder.decode(piece, into: &output)
        return output.count
    }
}

func encoded(_ octets: [UInt8]) -> Double {
    var encoder = DataEncoder(bareNewlines: .keep)
    return rate(octets) { piece in
        var output: [UInt8] = []
        output.reserveCapacity(piece.byteCount + piece.byteCount / 64)
        encoder.encode(piece, into: &output)
        return output.count
    }
}

func text(_ values: [Double]) -> String {
    let middle = values.sorted()[values.count / 2]
    let hundredths = Int((middle * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
}

print("\(mebibytes) MiB in pieces of 64 KiB, median of \(rounds) rounds in turns, GB/s")
print("| lines | memcpy | decoder | encoder |")
print("|---|---|---|---|")
let kinds: [(String, [UInt8])] = [
    ("76 octets", lines(76)), ("76 octets, each 10th with a dot", lines(76, dotEvery: 10)), ("998 octets", lines(998)),
    ("2 octets", lines(2)),
]
for (name, octets) in kinds {
    var found: [[Double]] = [[], [], []]
    for _ in 0..<rounds {
        found[0].append(copied(octets))
        found[1].append(decoded(octets))
        found[2].append(encoded(octets))
    }
    print("| \(name) | \(text(found[0])) | \(text(found[1])) | \(text(found[2])) |")
}
