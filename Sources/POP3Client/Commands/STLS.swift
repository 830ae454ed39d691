// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire
package import Runtime

extension POP3ClientSession {
    /// Turns TLS on (RFC 2595 §4); what the server offered before is forgotten and asked again.
    package func startTLS(_ context: TLSContext, serverName: String) async throws(POP3ClientError) {
        guard offers("STLS") else { throw .missing("STLS") }
        _ = try await ask(.stls)
        guard connection.bufferedCount == 0 else { throw fail(.unexpected("data in the clear")) }
        try await connectTLS(context, serverName: serverName)
        try await askCapabilities()
    }
}
