// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import IMAPWire

/// Any bytes as what a server sends: what is accepted is written again as what reads the same.
@main
enum FuzzIMAPResponses {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let response = try? ResponseParser.parse(input) else { return }
        var encoder = WireEncoder()
        encoder.response(response)
        var octets = encoder.bytes
        octets.removeLast(2)
        guard let again = try? ResponseParser.parse(octets) else { preconditionFailure("what is written is not valid") }
        precondition(again == response)
    }
}
