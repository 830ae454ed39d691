// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime
internal import SASL

extension AuthenticateCommand: PreAuthenticationCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) async throws -> PreAuthenticationStep {
        guard let mechanism = SASLMechanism.named(mechanism, among: state.mechanisms) else {
            throw CommandRefusal.no(.cannot, "No such mechanism; CAPABILITY has those there are")
        }
        guard !mechanism.lacksCertificate(on: state.channel) else {
            throw CommandRefusal.no(.cannot, "\(mechanism.name) needs a certificate of yours that is trusted here")
        }
        guard mechanism.isAllowed(on: state.channel) else {
            throw CommandRefusal.no(.privacyRequired, "\(mechanism.name) needs TLS: use STARTTLS or port 993")
        }
        let connection = state.connection
        let logOn = try await SASLLogOn.run(
            mechanism,
            initialResponse: initialResponse,
            from: state.peer,
            against: state.authenticator
        ) { (challenge) async throws -> [UInt8] in
            connection.write(.continuation(challenge))
            return try await Self.response(on: connection)
        }
        switch logOn.ending {
        case .outcome(let outcome): return try await state.conclude(outcome, user: logOn.user, tag: tag)
        case .failure(.notAuthorized):
            try await state.noteFailure(user: logOn.user, reason: "acts for another")
            throw CommandRefusal.no(.authorizationFailed, SASLFailure.notAuthorized.text)
        case .failure(.channelBinding):
            try await state.noteFailure(user: logOn.user, reason: SASLFailure.channelBinding.text)
            throw CommandRefusal.no(.authenticationFailed, SASLFailure.channelBinding.text)
        case .failure(let failure): throw CommandRefusal.bad("AUTHENTICATE: \(failure.text)")
        }
    }

    private static func response(on connection: Connection) async throws -> [UInt8] {
        do throws(IOError) {
            guard let line = try await connection.readLine(maximum: SASLServerExchange.maximumLineOctets) else {
                throw .closed
            }
            return line.bytes
        } catch .lineTooLong {
            throw CommandRefusal.bad("AUTHENTICATE: response too long")
        }
    }
}
