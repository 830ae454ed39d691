// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension IMAPClientSession {
    /// Asks what the server offers (RFC 9051 §6.1.1).
    package func askCapabilities() async throws(IMAPClientError) { try await perform(CapabilityCommand()) }

    /// Switches extensions on (RFC 9051 §6.3.1); `enabled` has those that the server knows.
    package func enable(_ extensions: [String]) async throws(IMAPClientError) {
        try await perform(EnableCommand(extensions))
    }
}
