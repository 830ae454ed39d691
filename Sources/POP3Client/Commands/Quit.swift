// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire
internal import Runtime

extension POP3ClientSession {
    /// Ends the session, and with it the messages that are marked (RFC 1939 §6), and closes.
    ///
    /// - Throws: `.refused` when some could not be removed.
    package func quit() async throws(POP3ClientError) {
        _ = try await ask(.quit)
        state = .closed
        await connection.close()
    }
}
