// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import Runtime
package import SASL

/// What waits for somebody who asked for it.
package protocol OnDemandMail: Sendable {
    /// Sends it over the connection, on which the other side is the server from now on; returns when nothing is left, or
    /// the connection fails.
    ///
    /// To be called once, on a connection that has failed already, too: what was kept for the call is given up then.
    /// The caller closes the connection.
    func send(over connection: Connection) async
}

/// What is answered to ATRN.
package enum OnDemandAnswer: Sendable {
    case mail(any OnDemandMail)
    /// `453`: there is none.
    case nothing
    /// `450`: not to this user, or not for these domains.
    case refused
    /// `451`: not now.
    case unavailable
}

/// Sends mail that is held to whoever asks for it and has logged on (RFC 2645).
///
/// Composition supplies it from the connectors and the queue.
package protocol OnDemandRelay: Sendable {
    /// Whether there is anybody who could ask.
    var isOffered: Bool { get }

    /// - Parameters:
    ///   - peer: where the user calls from.
    ///   - domains: none for all that the user may have.
    func answer(to user: AuthenticatedUser, at peer: SocketAddress, for domains: [Domain]) async -> OnDemandAnswer
}
