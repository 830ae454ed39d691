// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a handshake agreed on.
package struct TLSFacts: Sendable, Hashable {
    /// `TLSv1.3`, `TLSv1.2`.
    package var version: String
    /// OpenSSL's name, such as `TLS_AES_128_GCM_SHA256`.
    package var cipher: String
    /// What the client asked for (SNI), if it did.
    package var serverName: String?

    package init(version: String, cipher: String, serverName: String?) {
        self.version = version
        self.cipher = cipher
        self.serverName = serverName
    }
}

/// Why a certificate or key could not be used.
package struct TLSError: Error, Sendable, CustomStringConvertible {
    package let message: String
    package init(_ message: String) { self.message = message }
    package var description: String { message }
}
