// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime

extension StartTLSCommand: PreAuthenticationCommand {
    /// Octets that came in the clear behind the command end the connection: they could be anyone's (RFC 9051 §6.2.1).
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) async throws -> PreAuthenticationStep {
        guard state.connection.tls == nil else { throw CommandRefusal.bad("STARTTLS: TLS is in use already") }
        guard let context = state.configuration.tls else {
            throw CommandRefusal.bad("STARTTLS: not offered here, there is no certificate")
        }
        state.connection.write(.tagged(tag, StatusResponse(.ok, nil, "Begin TLS now")))
        try await state.connection.startTLS(context)
        state.client = []
        return .answered
    }
}
