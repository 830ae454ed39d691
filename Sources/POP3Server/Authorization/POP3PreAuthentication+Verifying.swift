// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import POP3Wire
internal import Runtime
internal import SASL

extension POP3PreAuthentication {
    /// Runs the exchange of AUTH (RFC 5034 §4) to its end.
    mutating func exchange(
        _ name: String,
        _ initialResponse: [UInt8]?,
        _ connection: Connection
    ) async throws(IOError) -> AuthenticatedUser? {
        guard let mechanism = SASLMechanism.named(name.utf8) else { return nil }
        var (exchange, action) = SASLServerExchange.begin(mechanism, initialResponse: initialResponse)
        while true {
            switch action {
            case .challenge(let octets):
                connection.write("+ ")
                connection.write(octets)
                connection.write("\r\n")
                guard let line = try await response(connection) else { throw .closed }
                action = exchange.respond(to: line)
            case .verify(let proof):
                return try await verify(proof, connection)
            case .fail(let failure):
                connection.write(.err(failure == .notAuthorized ? .auth : nil, failure.text))
                return nil
            }
        }
    }

    /// The client's line.
    ///
    /// One that is too long was read to its end; an octet that is not base64 stands for it.
    private func response(_ connection: Connection) async throws(IOError) -> [UInt8]? {
        do throws(IOError) {
            return try await connection.readLine(maximum: SASLServerExchange.maximumLineOctets)?.bytes
        } catch .lineTooLong {
            return [0]
        }
    }

    /// Asks the directory.
    ///
    /// On success nothing is written: the reply is the maildrop's.
    mutating func verify(_ proof: SASLProof, _ connection: Connection) async throws(IOError) -> AuthenticatedUser? {
        let (name, password) =
            switch proof {
            case .password(let user, let password): (user, password)
            }
        let outcome = await environment.authenticator.authenticate(
            user: name,
            password: password,
            service: .pop3,
            peer: connection.peer.host
        )
        if case .success(let user) = outcome {
            record(.pop3LogOn, name, connection, "ok")
            return user
        }
        let (reason, reply) = Self.refusal(of: outcome)
        record(.pop3LogOnFailed, name, connection, reason)
        if reply.code == .auth {
            failuresLeft -= 1
            try await connection.flush()
            try await connection.loop.sleep(for: environment.limits.logOnFailureDelay)
        }
        connection.write(reply)
        return nil
    }

    private static func refusal(of outcome: AuthenticationOutcome) -> (reason: String, reply: POP3Reply) {
        switch outcome {
        case .success, .invalidCredentials: ("credentials", .err(.auth, "user name or password is wrong"))
        case .notPermitted: ("not permitted", .err(.auth, "this account may not use POP3"))
        case .unavailable: ("unavailable", .err(.systemTemporary, "the directory does not answer, try again"))
        }
    }

    private func record(_ event: EventDefinition, _ name: String, _ connection: Connection, _ reason: String) {
        environment.events.record(
            event,
            [
                "pop3.user": .string(name),
                "pop3.peer": .string(connection.peer.host),
                "pop3.tls": .bool(connection.tls != nil),
                "pop3.reason": .string(reason),
            ]
        )
    }
}
