// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire

extension POP3ClientSession {
    /// Marks a message, which goes at the end of the session (RFC 1939 §5).
    package func delete(_ number: Int) async throws(POP3ClientError) { _ = try await ask(.dele(number)) }

    /// Takes all marks off (RFC 1939 §5).
    package func reset() async throws(POP3ClientError) { _ = try await ask(.rset) }

    /// Does nothing (RFC 1939 §5).
    package func noop() async throws(POP3ClientError) { _ = try await ask(.noop) }
}
