// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import IMAPWire
internal import MailTypes
internal import Runtime
internal import SASL

extension IMAPPreAuthentication {
    /// Asks the directory about a password.
    func check(_ proof: SASLProof, tag: [UInt8]) async throws -> PreAuthenticationStep {
        guard case .outcome(let outcome) = await authenticator.answer(proof, from: peer) else {
            throw CommandRefusal.no(.cannot, "This proof cannot be checked here")
        }
        return try await conclude(outcome, user: proof.user, tag: tag)
    }

    /// The directory has decided.
    func conclude(_ outcome: AuthenticationOutcome, user: String, tag: [UInt8]) async throws -> PreAuthenticationStep {
        switch outcome {
        case .success(let known):
            events.record(
                .imapLogOn,
                ["imap.user": .string(known.name.description), "client.address": .string(connection.peer.host)]
            )
            return .authenticated(IMAPLogOn(user: known, tag: tag, client: shownClient))
        case .invalidCredentials:
            try await noteFailure(user: user, reason: "credentials")
            throw CommandRefusal.no(.authenticationFailed, "Wrong user name or password")
        case .notPermitted:
            try await noteFailure(user: user, reason: "not permitted")
            throw CommandRefusal.no(.authorizationFailed, "This account may not use IMAP")
        case .unavailable:
            throw CommandRefusal.no(.unavailable, "Log-on is not possible at the moment; try again")
        }
    }

    /// The client's ID as text for logs.
    private var shownClient: [(name: String, value: String)] {
        client.map { (Self.shown($0.name), Self.shown($0.value ?? [])) }
    }

    private static func shown(_ octets: [UInt8]) -> String {
        String(decoding: octets.prefix(128).map { $0 < 0x20 || $0 > 0x7E ? 0x3F : $0 }, as: UTF8.self)
    }
}
