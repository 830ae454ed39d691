// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import POP3Wire
package import Runtime
package import SASL

/// The AUTHORIZATION state of one connection, from the greeting to a proved user.
///
/// Used once for each connection, by its task. The reply to a successful log-on is not sent here, since whether there
/// is a maildrop to log on to is known only later: who has it sends that reply, or refuses and runs this again.
package struct POP3PreAuthentication {
    package enum Outcome: Sendable, Hashable {
        /// Proved; the command that did it still waits for its reply.
        case authenticated(AuthenticatedUser)
        /// Nothing more is to be said; the connection is to be closed.
        case closed
    }

    let environment: POP3Environment
    var commandsLeft: Int
    var failuresLeft: Int
    /// Set by the greeting, and kept when this runs again.
    private var deadline: ContinuousClock.Instant?
    /// Answers -ERR to what is no command, and whether the client left without QUIT after it had said something.
    private var faults = 0
    /// The client has said UTF8 (RFC 6856 §2.1).
    package private(set) var acceptsUTF8 = false
    private var isBrokenOff = false

    package init(_ environment: POP3Environment) {
        self.environment = environment
        commandsLeft = environment.limits.commandsBeforeLogOn
        failuresLeft = environment.limits.logOnFailures
    }

    /// Serves the connection until a user is proved.
    ///
    /// Every wait ends at the log-on deadline.
    package mutating func run(_ connection: Connection) async -> Outcome {
        connection.deadline = deadline ?? greet(connection)
        deadline = connection.deadline
        defer { reportFaults(connection) }
        do throws(IOError) {
            guard let user = try await serve(connection) else { return .closed }
            connection.deadline = nil
            return .authenticated(user)
        } catch {
            sayGoodbye(error, connection)
            return .closed
        }
    }

    private func greet(_ connection: Connection) -> ContinuousClock.Instant {
        connection.write(.ok("\(environment.hostName) Martlet POP3 server ready"))
        return .now + environment.limits.logOnDeadline
    }

    private mutating func serve(_ connection: Connection) async throws(IOError) -> AuthenticatedUser? {
        var rules = POP3Authorization(
            channel: connection.channel,
            hasCertificate: environment.tls != nil,
            mechanisms: await environment.authenticator.mechanisms(),
            loginDelay: environment.limits.loginDelay,
            acceptsUTF8: acceptsUTF8
        )
        while let line = try await nextLine(connection) {
            let action = rules.receive(line)
            acceptsUTF8 = rules.acceptsUTF8
            switch action {
            case .reply(let reply):
                if !reply.isPositive { faults += 1 }
                connection.write(reply)
            case .refuseInClear:
                refuseInClear(connection)
            case .capabilities:
                connection.write(.ok("capabilities follow"), lines: rules.capabilities.all.map(\.line))
            case .languages:
                connection.write(.ok("languages follow"), lines: POP3Language.listing)
            case .mechanisms:
                let names = SASLMechanism.offered(among: rules.mechanisms, on: rules.channel).map(\.name)
                connection.write(.ok("mechanisms follow"), lines: names)
            case .startTLS:
                try await startTLS(connection, &rules)
                acceptsUTF8 = rules.acceptsUTF8
            case .exchange(let name, let response):
                if let user = try await exchange(name, response, connection) { return user }
            case .verify(let proof):
                if let user = try await verify(proof, connection) { return user }
            case .quit:
                connection.write(.ok("bye"))
                return nil
            }
            guard failuresLeft > 0 else { throw .budgetExceeded }
        }
        isBrokenOff = commandsLeft < environment.limits.commandsBeforeLogOn - 1
        return nil
    }

    /// The next command line; overlong ones are answered here and cost as much as many commands.
    ///
    /// AUTH may bring as much as a line of its exchange: RFC 5034 §4 has a token follow in a line of its own, and clients
    /// send it at once.
    private mutating func nextLine(_ connection: Connection) async throws(IOError) -> [UInt8]? {
        while true {
            guard commandsLeft > 0 else { throw .budgetExceeded }
            commandsLeft -= 1
            do throws(IOError) {
                let line = try await connection.readLine(maximum: Self.longestLine)?.bytes
                guard let line, line.count > POP3Command.maximumLineOctets, !POP3Command.isAuth(line) else {
                    return line
                }
            } catch {
                guard case .lineTooLong = error else { throw error }
            }
            commandsLeft -= 9
            faults += 1
            connection.write(.err(nil, "line too long"))
        }
    }

    private static let longestLine = POP3Command.maximumLineOctets + SASLServerExchange.maximumLineOctets

    private func startTLS(_ connection: Connection, _ rules: inout POP3Authorization) async throws(IOError) {
        guard let tls = environment.tls else { return }
        connection.write(.ok("begin TLS"))
        try await connection.startTLS(tls)
        rules.tlsEstablished(connection.channel)
    }

    private func refuseInClear(_ connection: Connection) {
        environment.events.record(.pop3LogOnInClear, ["pop3.peer": .string(connection.peer.host)])
        connection.write(.err(.auth, "log-on needs TLS: use STLS or port 995"))
    }

    /// One event for all that was wrong, so that a client gone mad fills no log.
    private mutating func reportFaults(_ connection: Connection) {
        guard faults > 0 || isBrokenOff else { return }
        environment.events.record(
            .pop3ConnectionFaulty,
            [
                "pop3.peer": .string(connection.peer.host), "pop3.faults": .count(faults),
                "pop3.broken-off": .bool(isBrokenOff),
            ]
        )
        (faults, isBrokenOff) = (0, false)
    }

    private func sayGoodbye(_ error: IOError, _ connection: Connection) {
        switch error {
        case .budgetExceeded:
            connection.write(.err(nil, "too many commands or failures before log-on"))
        case .timedOut:
            connection.write(.err(nil, "log-on took too long"))
        case .shutdown:
            return connection.write(.err(.systemTemporary, "server is restarting"))
        default:
            return
        }
        environment.events.record(
            .pop3BudgetExceeded,
            ["pop3.peer": .string(connection.peer.host), "pop3.reason": .string(error.description)]
        )
    }
}
