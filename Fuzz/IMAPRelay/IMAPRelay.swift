// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailProxy

/// Any bytes from both ends of an IMAP relay, with losses between: nothing is invented, and a loss in the middle of a
/// response says nothing more.
@main
enum FuzzIMAPRelay {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        var state = IMAPRelayState(logOnTag: [0x4C])
        _ = state.fromBackEnd(Array("L OK\r\n".utf8))
        var isLost = false
        // Each piece: an octet that says whose it is and how long, then its octets.
        var rest = input[...]
        while let head = rest.popFirst() {
            let piece = rest.prefix(Int(head & 0x3F))
            rest = rest.dropFirst(piece.count)
            switch head >> 6 {
            case 0, 1: isLost = !pass(&state, piece, isLost: isLost)
            case 2: if !isLost { precondition(state.fromBackEnd(Array(piece)).count <= input.count + 64) }
            default:
                guard !isLost, case .keep = state.backEndLost() else { return }
                isLost = true
            }
        }
    }

    /// Returns whether there is a back-end afterwards.
    nonisolated static func pass(_ state: inout IMAPRelayState, _ piece: ArraySlice<UInt8>, isLost: Bool) -> Bool {
        var isLost = isLost
        var rest = piece
        while !rest.isEmpty {
            let step = state.fromClient(rest)
            precondition(step.consumed <= rest.count && !(step.isForwarded && isLost))
            rest = rest.dropFirst(step.consumed)
            switch step.demand {
            case .nothing: precondition(step.consumed > 0)
            case .response, .close: return !isLost
            case .backEnd:
                if rest.count % 2 == 0 {
                    _ = state.backEndReopened()
                    isLost = false
                } else {
                    state.backEndUnavailable()
                }
            }
        }
        return !isLost
    }
}
