// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Runtime

extension SMTPOutbound {
    /// Takes a connection that the other side opened and on which it is the server now (RFC 2645 §4.2): messages for
    /// `host` with these options go over it, one at a time, until `release`.
    ///
    /// Runs on the connection's loop. Throws when the other side does not behave as a server.
    package func adopt(
        _ connection: Connection,
        as host: SMTPHost,
        _ options: SMTPOutboundOptions
    ) async throws(SMTPClientError) {
        let session = SMTPClientSession(connection, options.dialect, timeouts: options.timeouts)
        try await session.open(as: options.heloName)
        await put(session, host, options)
    }

    /// Whether such a connection is there, in good order, and not in use; on its loop.
    package func hasConnection(_ host: SMTPHost, _ options: SMTPOutboundOptions) -> Bool {
        options.isAdopted && hasIdle(host, options)
    }

    /// Says goodbye on such a connection, if it is still there.
    package func release(_ host: SMTPHost, _ options: SMTPOutboundOptions) async {
        if let session = takeIdle(host, options) { await session.quit() }
    }
}
