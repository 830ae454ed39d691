// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import POP3Wire
internal import Runtime

extension POP3Session {
    /// CAPA after log-on (RFC 2449 §5): STLS is no longer of use, all else is as before.
    func capabilities(_ connection: Connection) {
        let capabilities = POP3Capabilities(
            channel: client.channel,
            offersTLS: false,
            mechanisms: client.mechanisms,
            loginDelay: limits.loginDelay
        )
        connection.write(.ok("capabilities follow"), lines: capabilities.all.map(\.line))
    }
}
