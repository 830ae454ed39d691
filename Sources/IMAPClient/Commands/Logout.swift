// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import IMAPWire
internal import Runtime

extension IMAPClientSession {
    /// Says goodbye, hears the server's BYE and answer (RFC 9051 §6.1.3), and closes.
    package func logOut() async throws(IMAPClientError) {
        let tag = try await send(LogoutCommand())
        let status = try await answer(to: tag)
        guard status.condition == .ok else { throw .refused(status) }
        guard farewell != nil else { throw fail(.unexpected("OK to LOGOUT without BYE")) }
        state = .loggedOut
        await connection.close()
    }

    /// Does nothing but hear news (RFC 9051 §6.1.2).
    package func noop(each: (Response) -> Void = { _ in }) async throws(IMAPClientError) {
        try await perform(NoopCommand(), each: each)
    }
}
