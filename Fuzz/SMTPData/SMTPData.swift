// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SMTPWire

/// Any octets as message data, both ways: what is encoded has one terminator and decodes to what it was, and it makes no
/// difference where it is cut. The first octet says how long the pieces are.
@main
enum FuzzSMTPData {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let piece = Int(input.first ?? 0) % 70 + 1
        let body = Array(input.dropFirst())
        for treatment in [BareNewlineTreatment.keep, .normalize] {
            checkRoundTrip(body, piece, treatment)
            precondition(decode(body, body.count + 1, treatment) == decode(body, piece, treatment))
        }
    }

    nonisolated static func checkRoundTrip(_ body: [UInt8], _ piece: Int, _ treatment: BareNewlineTreatment) {
        let wire = encode(body, piece, treatment)
        precondition(wire == encode(body, body.count + 1, treatment))
        let read = decode(wire + Array("QUIT\r\n".utf8), piece, .keep)
        precondition(read.isAtEnd && read.count == wire.count)
        guard treatment == .keep else { return precondition(read.first == nil) }
        precondition(read.octets == body || read.octets == body + [13, 10])
    }

    nonisolated static func encode(_ body: [UInt8], _ piece: Int, _ treatment: BareNewlineTreatment) -> [UInt8] {
        var encoder = DataEncoder(bareNewlines: treatment)
        var wire: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: piece) {
            encoder.encode(Array(body[start...].prefix(piece)), into: &wire)
        }
        encoder.finish(into: &wire)
        return wire
    }

    struct Read: Equatable {
        var octets: [UInt8] = []
        var count = 0
        var isAtEnd = false
        var first: BareNewline?
    }

    nonisolated static func decode(_ wire: [UInt8], _ piece: Int, _ treatment: BareNewlineTreatment) -> Read {
        var decoder = DataDecoder(framing: .dotted, bareNewlines: treatment)
        var read = Read()
        for start in stride(from: 0, to: wire.count, by: piece) where !decoder.isAtEnd {
            read.count += decoder.decode(Array(wire[start...].prefix(piece)), into: &read.octets)
        }
        read.isAtEnd = decoder.isAtEnd
        read.first = decoder.firstBareNewline
        return read
    }
}
