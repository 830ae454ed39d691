// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import POP3Wire

extension POP3ClientSession {
    /// Logs on by SASL PLAIN (RFC 5034, RFC 4616) with an initial response.
    ///
    /// - Throws: `.missing` when the server does not offer PLAIN, or others could read the password on the way.
    package func authenticatePlain(user: String, password: [UInt8]) async throws(POP3ClientError) {
        try checkPrivacy()
        let mechanisms = capabilities.first { $0.hasPrefix("SASL ") }?.split(separator: " ").dropFirst() ?? []
        guard mechanisms.contains("PLAIN") else { throw .missing("PLAIN") }
        // message = [authzid] UTF8NUL authcid UTF8NUL passwd    RFC 4616 §2
        let message = Base64.encode([0] + Array(user.utf8) + [0] + password)
        _ = try await ask(.auth(mechanism: Array("PLAIN".utf8), initialResponse: message))
        state = .transaction
        try await askCapabilities()
    }
}
