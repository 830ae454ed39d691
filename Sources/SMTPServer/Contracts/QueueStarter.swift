// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPWire

/// What came of asking for the mail that waits for a domain.
package enum QueueStart: Sendable, Hashable {
    /// So many messages are on their way.
    case started(messages: Int)
    /// No such domain or connector is known here.
    case unknown
    /// It cannot be done now.
    case unavailable
}

/// Has what waits for a domain sent (ETRN, RFC 1985).
///
/// Composition supplies it from the queues.
package protocol QueueStarter: Sendable {
    func start(_ command: RemoteQueueCommand) async -> QueueStart
}
