// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPWire

/// Where a recipient's copy of a message goes next.
package enum QueueRoute: Sendable, Hashable {
    /// To the destination of this name: a stable text, equal for recipients that may share connections.
    ///
    /// Not before `opensAt` (milliseconds since 1970) when that is given: the connector's hours.
    case destination(String, opensAt: Int64? = nil)
    /// To that destination, once somebody asks for it (ETRN, `martlet queue force`).
    case held(String)
    /// Never: a restriction, or no way there.
    case refused(SMTPReply)
    /// No way there for the time being.
    case waits(SMTPReply)
}

/// What holds for a destination, in place of what holds for all.
package struct DestinationTerms: Sendable, Hashable {
    /// Transactions at a time, at most.
    package var connections: Int?
    /// Pauses between tries.
    package var retry: RetryList?
    /// For how long delivery is tried, at most; a message that lives shorter is given up with it.
    package var expire: Duration?
    /// Whether what waits for it may have to wait until somebody asks for it; `nil` when nobody knows.
    ///
    /// When it turns false, what waits so is looked at again.
    package var isHeld: Bool?
    /// The hours at which mail for it leaves, in any words; empty where it leaves at any time.
    ///
    /// When they are others, what waits for them and was not tried yet is looked at again.
    package var hours: String

    package init(
        connections: Int? = nil,
        retry: RetryList? = nil,
        expire: Duration? = nil,
        isHeld: Bool? = nil,
        hours: String = ""
    ) {
        self.isHeld = isHeld
        self.hours = hours
        self.connections = connections
        self.retry = retry
        self.expire = expire
    }
}

/// Decides where remote recipients go, by the settings as they are.
///
/// Composition supplies it.
package protocol QueueRouter: Sendable {
    /// - Parameters:
    ///   - size: octets of the message.
    ///   - time: milliseconds since 1970, by the clock on the wall.
    func route(_ recipient: RecipientCommand, of message: QueuedMessage, size: UInt64, at time: Int64) -> QueueRoute

    /// What holds for the destination of this name.
    func terms(of destination: String) -> DestinationTerms
}

extension QueueRouter {
    package func terms(of destination: String) -> DestinationTerms { DestinationTerms() }
}
