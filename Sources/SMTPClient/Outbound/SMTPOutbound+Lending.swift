// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime

// A connection that one process adopted, and on which another process of this server sends, too: over a channel between
// the two, as if the server at its other end were at the end of the channel. Commands, content and replies go through
// as they are. Who is done says so with octets that nobody else knows, when every reply that was due has come: then,
// and only then, the connection may be used further.

/// What ends a loan.
package struct LoanEnd: Sendable, Hashable {
    let octets: [UInt8]

    /// - Parameter secret: known to the two ends of the loan, and to nobody whose mail goes over it.
    package init(secret: String) { octets = [0] + Array(secret.utf8) + [0] }
}

extension SMTPOutbound {
    /// Lends an adopted connection that nobody uses now, until the other process is done.
    ///
    /// Runs on the connection's loop; the channel stays the caller's.
    ///
    /// - Returns: false when the connection is of no use any more.
    package func lend(
        _ host: SMTPHost,
        _ options: SMTPOutboundOptions,
        over channel: Connection,
        until end: LoanEnd
    ) async -> Bool {
        guard let session = takeIdle(host, options) else { return false }
        guard await session.lend(to: channel, until: end) else {
            session.abort()
            return false
        }
        await put(session, host, options)
        return true
    }

    /// Takes a connection that another process lends: messages for `host` with these options go over it, one at a time,
    /// until `giveBack`.
    ///
    /// Throws when the other side does not behave as a server.
    ///
    /// - Parameter isEncrypted: whether the lender has the connection over TLS.
    package func borrow(
        _ channel: Connection,
        as host: SMTPHost,
        _ options: SMTPOutboundOptions,
        isEncrypted: Bool
    ) async throws(SMTPClientError) {
        let session = SMTPClientSession(channel, options.dialect, timeouts: options.timeouts)
        session.isEncryptedByLender = isEncrypted
        try await session.open(as: options.heloName)
        await put(session, host, options)
    }

    /// Says that the borrowed connection is as it was, if it is; the caller closes the channel.
    package func giveBack(
        _ channel: Connection,
        _ host: SMTPHost,
        _ options: SMTPOutboundOptions,
        _ end: LoanEnd
    ) async {
        guard takeIdle(host, options) != nil else { return }
        // One write, and nothing before it is on its way: it comes in one piece, and alone.
        channel.write(end.octets)
        try? await channel.flush()
    }
}

extension SMTPClientSession {
    /// Octets pass between the server and the channel until the end of the loan; false for any other end.
    fileprivate func lend(to channel: Connection, until end: LoanEnd) async -> Bool {
        // The borrower has deadlines of its own for every answer; these are for a borrower that has died.
        let patience = timeouts.longest + .seconds(60)
        (connection.idleTimeout, channel.idleTimeout) = (patience, patience)
        do throws(IOError) {
            try await channel.send(Array("220 ready\r\n".utf8))
            while true {
                let ready = try await Connection.waitForEither(connection, channel)
                if ready.b, let octets = try channel.readAvailable() {
                    if octets == end.octets { return true }
                    guard !octets.isEmpty else { return false }
                    try await connection.send(octets)
                }
                if ready.a, let octets = try connection.readAvailable() {
                    guard !octets.isEmpty else { return false }
                    try await channel.send(octets)
                }
            }
        } catch {
            return false
        }
    }
}
