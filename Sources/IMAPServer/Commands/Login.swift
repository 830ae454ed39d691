// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import SASL

extension LoginCommand: PreAuthenticationCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) async throws -> PreAuthenticationStep {
        guard state.channel.security.hidesSecrets else {
            throw CommandRefusal.no(.privacyRequired, "LOGIN needs TLS: use STARTTLS or port 993")
        }
        let proof: SASLProof
        do throws(SASLFailure) {
            proof = try SASLCredentials.proof(user: user, password: password)
        } catch {
            try await state.noteFailure(user: "", reason: error.text)
            throw CommandRefusal.no(.authenticationFailed, "Wrong user name or password")
        }
        return try await state.check(proof, tag: tag)
    }
}
