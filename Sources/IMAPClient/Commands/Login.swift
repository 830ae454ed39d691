// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime

extension IMAPClientSession {
    /// Logs on with name and password (RFC 9051 §6.2.3).
    ///
    /// - Throws: `.missing` when others could read the password on the way, or the server says LOGINDISABLED.
    package func logOn(user: String, password: [UInt8]) async throws(IMAPClientError) {
        try checkPrivacy()
        guard !offers("LOGINDISABLED") else { throw .missing("LOGIN") }
        capabilities = []
        try await perform(LoginCommand(user: Array(user.utf8), password: password))
        try await loggedOn()
    }

    /// A password is not sent where others can read it: that needs TLS, or a peer on this machine.
    func checkPrivacy() throws(IMAPClientError) {
        guard tls != nil || connection.peer.isLoopback else { throw .missing("TLS") }
    }

    /// What the server offers may be different behind log-on.
    func loggedOn() async throws(IMAPClientError) {
        state = .authenticated
        if capabilities.isEmpty { try await askCapabilities() }
    }
}
