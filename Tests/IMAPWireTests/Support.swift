// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

/// Reads one whole command.
func parseCommand(_ frame: [UInt8]) throws(IMAPSyntaxError) -> any IMAPCommand { try AnyCommand.parse(frame).command }

extension IMAPCommand {
    func equals(_ other: any IMAPCommand) -> Bool { (other as? Self) == self }
}

/// Drops the CRLF that ends a frame.
func frame(_ octets: [UInt8]) -> [UInt8] { octets.suffix(2) == [13, 10] ? Array(octets.dropLast(2)) : octets }

func set(_ text: String) -> SequenceSet {
    var scanner = WireScanner(Array(text.utf8))
    return (try? scanner.sequenceSet()) ?? SequenceSet([])
}

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
