// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailProxy

/// Drives a relay's rules as `Relay` does, with octets cut into pieces of `size`.
struct RelayRig<State: RelayState> {
    var state: State
    let size: Int
    var toBackEnd = ""
    var toClient = ""
    private var waiting: [UInt8] = []
    private(set) var demand = RelayStep.Demand.nothing

    init(_ state: State, cutting size: Int) {
        self.state = state
        self.size = size
    }

    /// What the client sent and the rules did not look at yet.
    var heldBack: String { String(decoding: waiting, as: UTF8.self) }

    mutating func client(_ text: String) {
        waiting += text.utf8
        pump()
    }

    mutating func backEnd(_ text: String) {
        if demand == .response { demand = .nothing }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            toClient += String(decoding: state.fromBackEnd(Array(rest.prefix(size))), as: UTF8.self)
            rest = rest.dropFirst(size)
        }
        pump()
    }

    mutating func lose() -> RelayLoss {
        demand = .nothing
        let loss = state.backEndLost()
        switch loss {
        case .keep(let octets), .close(let octets): toClient += String(decoding: octets, as: UTF8.self)
        case .retryLogOn: break
        }
        pump()
        return loss
    }

    mutating func reopen() {
        demand = .nothing
        toBackEnd += String(decoding: state.backEndReopened(), as: UTF8.self)
        pump()
    }

    mutating func stayAway() {
        demand = .nothing
        state.backEndUnavailable()
        pump()
    }

    private mutating func pump() {
        while !waiting.isEmpty, demand == .nothing {
            let allowance = min(size, state.forwardAllowance)
            guard allowance > 0 else { return }
            let step = state.fromClient(waiting[...].prefix(allowance))
            if step.isForwarded { toBackEnd += String(decoding: waiting.prefix(step.consumed), as: UTF8.self) }
            waiting.removeFirst(step.consumed)
            toClient += String(decoding: step.reply, as: UTF8.self)
            demand = step.demand
        }
    }

    /// Takes what was said so far.
    mutating func heard() -> (toBackEnd: String, toClient: String) {
        defer { (toBackEnd, toClient) = ("", "") }
        return (toBackEnd, toClient)
    }
}
