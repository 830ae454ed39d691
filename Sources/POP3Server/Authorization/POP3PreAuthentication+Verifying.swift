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
        let logOn = try await SASLLogOn.run(
            mechanism,
            initialResponse: initialResponse,
            from: peer(connection),
            against: environment.authenticator
        ) { (challenge) async throws(IOError) -> [UInt8] in
            connection.write("+ ")
            connection.write(challenge)
            connection.write("\r\n")
            guard let line = try await Self.response(connection) else { throw .closed }
            return line
        }
        switch logOn.ending {
        case .outcome(let outcome): return try await conclude(outcome, logOn.user, connection)
        case .failure(let failure) where failure == .channelBinding || failure == .notAuthorized:
            try await refuse(logOn.user, failure.text, .err(.auth, failure.text), connection)
        case .failure(let failure): connection.write(.err(nil, failure.text))
        }
        return nil
    }

    private func peer(_ connection: Connection) -> SASLPeer {
        SASLPeer(service: .pop3, address: connection.peer.host, channel: connection.channel)
    }

    /// The client's line.
    ///
    /// One that is too long was read to its end; an octet that is not base64 stands for it.
    private static func response(_ connection: Connection) async throws(IOError) -> [UInt8]? {
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
        let answer = await environment.authenticator.answer(proof, from: peer(connection))
        guard case .outcome(let outcome) = answer else { return nil }
        return try await conclude(outcome, proof.user, connection)
    }

    private mutating func conclude(
        _ outcome: AuthenticationOutcome,
        _ name: String,
        _ connection: Connection
    ) async throws(IOError) -> AuthenticatedUser? {
        if case .success(let user) = outcome {
            guard await isInPace(user) else {
                connection.write(.err(.loginDelay, "\(environment.limits.loginDelay) s must lie between two log-ons"))
                return nil
            }
            record(.pop3LogOn, name, connection, "ok")
            return user
        }
        let (reason, reply) = Self.refusal(of: outcome)
        try await refuse(name, reason, reply, connection)
        return nil
    }

    /// Whether LOGIN-DELAY (RFC 2449 §6.5) has passed since the account's last log-on.
    private func isInPace(_ user: AuthenticatedUser) async -> Bool {
        let seconds = environment.limits.loginDelay
        guard seconds > 0, let pace = environment.pace else { return true }
        return await pace.admit(user.account, every: seconds)
    }

    private mutating func refuse(
        _ name: String,
        _ reason: String,
        _ reply: POP3Reply,
        _ connection: Connection
    ) async throws(IOError) {
        // What could not be checked is reported by whoever could not check it.
        if reply.code == .auth {
            record(.pop3LogOnFailed, name, connection, reason)
            failuresLeft -= 1
            try await connection.flush()
            try await connection.loop.sleep(for: environment.limits.logOnFailureDelay)
        }
        connection.write(reply)
    }

    private static func refusal(of outcome: AuthenticationOutcome) -> (reason: String, reply: POP3Reply) {
        switch outcome {
        case .success, .invalidCredentials: ("credentials", .err(.auth, "user name or password is wrong"))
        case .notPermitted: ("not permitted", .err(.auth, "this account may not use POP3"))
        case .unavailable: ("unavailable", .err(.systemTemporary, "log-on is not possible at the moment, try again"))
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
