// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Runtime
internal import SASL

extension AuthenticateCommand: PreAuthenticationCommand {
    func perform(in state: IMAPPreAuthentication, tag: [UInt8]) async throws -> PreAuthenticationStep {
        guard let mechanism = SASLMechanism.named(mechanism) else {
            throw CommandRefusal.no(.cannot, "No such mechanism; CAPABILITY has those there are")
        }
        guard mechanism.isAllowed(on: state.channel) else {
            throw CommandRefusal.no(.privacyRequired, "\(mechanism.name) needs TLS: use STARTTLS or port 993")
        }
        var (exchange, action) = SASLServerExchange.begin(mechanism, initialResponse: initialResponse)
        while true {
            switch action {
            case .challenge(let challenge):
                state.connection.write(.continuation(challenge))
                action = exchange.respond(to: try await Self.response(on: state.connection))
            case .verify(let proof): return try await state.check(proof, tag: tag)
            case .fail(.notAuthorized):
                try await state.noteFailure(user: "", reason: "acts for another")
                throw CommandRefusal.no(.authorizationFailed, SASLFailure.notAuthorized.text)
            case .fail(let failure): throw CommandRefusal.bad("AUTHENTICATE: \(failure.text)")
            }
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
