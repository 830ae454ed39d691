// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Runtime
internal import SMTPWire

// A connection that one process adopted, and on which another process of this server sends, too: over a channel between
// the two, as if the server at its other end were at the end of the channel. Commands and replies go through as they
// are. Who is done says so with an octet that is in no command and, without CHUNKING, in no content: then, and only
// then, the connection may be used further.
extension SMTPOutbound {
    static let endOfLoan = UInt8(0)

    /// Lends an adopted connection that nobody uses now, until the other process is done.
    ///
    /// Runs on the connection's loop; the channel stays the caller's.
    ///
    /// - Returns: false when the connection is of no use any more.
    package func lend(_ host: SMTPHost, _ options: SMTPOutboundOptions, over channel: Connection) async -> Bool {
        guard let session = takeIdle(host, options) else { return false }
        guard await session.lend(to: channel) else {
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
    package func borrow(
        _ channel: Connection,
        as host: SMTPHost,
        _ options: SMTPOutboundOptions
    ) async throws(SMTPClientError) {
        let session = SMTPClientSession(channel, options.dialect, timeouts: options.timeouts)
        try await session.open(as: options.heloName)
        session.capabilities.forget("CHUNKING")
        await put(session, host, options)
    }

    /// Says that the borrowed connection is as it was, if it is; the caller closes the channel.
    package func giveBack(_ channel: Connection, _ host: SMTPHost, _ options: SMTPOutboundOptions) async {
        guard takeIdle(host, options) != nil else { return }
        channel.write([Self.endOfLoan])
        try? await channel.flush()
    }
}

extension SMTPClientSession {
    /// Octets pass between the server and the channel until the end of the loan; false for any other end.
    fileprivate func lend(to channel: Connection) async -> Bool {
        // The borrower has deadlines of its own for every answer; these are for a borrower that has died.
        let patience = timeouts.answer + .seconds(60)
        (connection.idleTimeout, channel.idleTimeout) = (patience, patience)
        do throws(IOError) {
            try await channel.send(Array("220 ready\r\n".utf8))
            while true {
                let ready = try await Connection.waitForEither(connection, channel)
                if ready.b, let octets = try channel.readAvailable() {
                    if octets == [SMTPOutbound.endOfLoan] { return true }
                    guard !octets.isEmpty, !octets.contains(SMTPOutbound.endOfLoan) else { return false }
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
