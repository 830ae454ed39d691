// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a relay must know of the protocol it carries: the rules, without I/O.
///
/// Octets may come cut anywhere.
package protocol RelayState: Sendable {
    /// Looks at octets of the client. What it consumes goes to the back-end if there is one (`RelayStep.isForwarded`).
    mutating func fromClient(_ bytes: ArraySlice<UInt8>) -> RelayStep

    /// Looks at octets of the back-end and returns those that go to the client now. The start of a line may be held
    /// back, since a line that was cut off can then be dropped.
    mutating func fromBackEnd(_ bytes: [UInt8]) -> [UInt8]

    /// The back-end is gone.
    mutating func backEndLost() -> RelayLoss

    /// There is a back-end again. Returns what it must be told first.
    mutating func backEndReopened() -> [UInt8]

    /// There is none within the deadline. The next command is refused.
    mutating func backEndUnavailable()

    /// Commands that were sent on and not answered.
    var isAwaitingResponse: Bool { get }

    /// How many octets of the client may be sent on now. Bounded while older commands are unanswered: the back-end does
    /// not read while it writes, and with its buffers full both ends would wait for the other.
    var forwardAllowance: Int { get }

    /// True once, when the client was told that what follows is compressed.
    mutating func takeCompression() -> Bool

    /// What the back-end said behind that in the same breath, which `fromBackEnd` is given again once what goes to the
    /// client is compressed; once.
    mutating func takeBehindCompression() -> [UInt8]

    /// The client logs off and stays: nothing more of it is read, since what follows is not for this session, and may
    /// not be compressed any more.
    var isLoggingOff: Bool { get }

    /// The client was told that it is logged off.
    var isLoggedOff: Bool { get }

    /// What may still be said to the client when the front-end ends the session; empty in the middle of a response.
    func farewell(_ reason: RelayFarewell) -> [UInt8]
}

extension RelayState {
    package mutating func takeCompression() -> Bool { false }
    package mutating func takeBehindCompression() -> [UInt8] { [] }
    package var isLoggingOff: Bool { false }
    package var isLoggedOff: Bool { false }
}

package struct RelayStep: Sendable, Hashable {
    /// What has to happen before the client's next octets are looked at.
    package enum Demand: Sendable, Hashable {
        case nothing
        /// A back-end must be opened.
        case backEnd
        /// The back-end must say something.
        case response
        /// The session is over.
        case close
    }

    package var consumed: Int
    package var isForwarded: Bool
    /// The front-end's own answer.
    package var reply: [UInt8]
    package var demand: Demand

    package init(consumed: Int, isForwarded: Bool, reply: [UInt8] = [], demand: Demand = .nothing) {
        self.consumed = consumed
        self.isForwarded = isForwarded
        self.reply = reply
        self.demand = demand
    }
}

/// What follows when a back-end is gone.
package enum RelayLoss: Sendable, Hashable {
    /// The log-on was not answered yet: open another back-end and let that one answer.
    case retryLogOn
    /// Send this and go on; a back-end is opened when the client wants something.
    case keep([UInt8])
    /// Send this and close.
    case close([UInt8])
}

/// How a relay ended.
package enum RelayEnd: Sendable, Hashable {
    /// The session is over, and so is the client's connection.
    case over
    /// The client goes on with another log-on, of which these octets were read.
    case loggedOff([UInt8])
}

package enum RelayFarewell: Sendable, Hashable {
    case shutdown
    case idle
    case backEndUnavailable
}
