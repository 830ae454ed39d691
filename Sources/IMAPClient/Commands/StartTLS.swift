// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
package import Runtime

extension IMAPClientSession {
    /// Turns TLS on (RFC 9051 §6.2.1); what the server offered before is forgotten and asked again.
    package func startTLS(_ context: TLSContext, serverName: String) async throws(IMAPClientError) {
        guard offers("STARTTLS") else { throw .missing("STARTTLS") }
        guard pending.isEmpty else { throw .busy }
        try await perform(StartTLSCommand())
        // What came in the clear behind the answer is nobody's.
        guard connection.bufferedCount == 0 else { throw fail(.unexpected("data in the clear")) }
        capabilities = []
        try await connectTLS(context, serverName: serverName)
        try await askCapabilities()
    }
}
