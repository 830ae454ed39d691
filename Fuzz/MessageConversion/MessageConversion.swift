// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MessageFormat

/// Any octets as a message to be converted: what comes out holds nothing that the target cannot take, and a message
/// with nothing to change comes out as it is. The first octet chooses the target.
@main
enum FuzzMessageConversion {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let message = Array(input.dropFirst())
        let target: MessageConversion.Target = (input.first ?? 0) & 1 == 0 ? .sevenBit : .eightBit
        guard let conversion = try? MessageConversion(message, for: target) else { return }
        var converted: [UInt8] = []
        for piece in conversion.pieces {
            precondition(!piece.isEmpty)
            converted += piece
        }
        let (before, after) = (ContentFacts(of: message), ContentFacts(of: converted))
        precondition(!after.hasNull && (target == .eightBit || !after.hasEightBit))
        let needsNothing = !before.hasNull && !before.hasBareNewline && !before.hasLongLine && !before.hasEightBit
        precondition(!needsNothing || converted == message)
    }
}
