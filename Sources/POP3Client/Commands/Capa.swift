// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import POP3Wire

extension POP3ClientSession {
    /// Asks what the server offers (RFC 2449 §5); one that does not know CAPA offers nothing.
    package func askCapabilities() async throws(POP3ClientError) {
        capabilities = []
        do throws(POP3ClientError) { _ = try await ask(.capa) } catch {
            guard case .refused = error else { throw error }
            return
        }
        var found: Set<String> = []
        try await rows { found.insert(ASCII.uppercased(String(decoding: $0, as: UTF8.self))) }
        capabilities = found
    }

    /// Whether a capability is offered, with whatever parameters.
    package func offers(_ name: String) -> Bool {
        capabilities.contains { $0 == name || $0.hasPrefix(name + " ") }
    }
}
