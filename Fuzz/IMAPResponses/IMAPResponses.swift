// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import IMAPWire

/// Any bytes as what a server sends: what is accepted is written as something valid, which is written the same again.
/// (The text of a status response loses its control characters the first time.)
@main
enum FuzzIMAPResponses {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        guard let response = try? ResponseParser.parse(input) else { return }
        let octets = encoded(response)
        guard let again = try? ResponseParser.parse(octets) else { preconditionFailure("what is written is not valid") }
        precondition(encoded(again) == octets)
    }

    nonisolated static func encoded(_ response: Response) -> [UInt8] {
        var encoder = WireEncoder()
        encoder.response(response)
        return Array(encoder.bytes.dropLast(2))
    }
}
