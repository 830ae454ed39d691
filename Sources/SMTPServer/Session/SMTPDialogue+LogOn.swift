// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import ProtocolTrace
internal import Runtime
internal import SASL
internal import SMTPWire

extension SMTPDialogue {
    /// One AUTH exchange (RFC 4954 §4).
    ///
    /// ```
    /// C: AUTH LOGIN
    /// S: 334 VXNlcm5hbWU6
    /// C: YWxpY2U=
    /// ```
    func authenticate(_ auth: AuthCommand) async throws(IOError) {
        guard let mechanism = SASLMechanism.named(auth.mechanism.utf8),
            let authenticator = server.services.authenticator
        else {
            return reply(SMTPReply(454, .security, "Cannot check now, try again later"))
        }
        var (exchange, action) = SASLServerExchange.begin(mechanism, initialResponse: auth.initialResponse)
        while true {
            switch action {
            case .challenge(let text):
                notes.trace?.server("334 ***")
                connection.write("334 ")
                connection.write(text)
                connection.write("\r\n")
                guard let line = try await response() else { return }
                action = exchange.respond(to: line)
            case .verify(.password(let user, let password)):
                let outcome = await authenticator.authenticate(
                    user: user,
                    password: password,
                    service: .submission,
                    peer: connection.peer.host
                )
                return conclude(outcome, user: user)
            case .fail(let failure): return fail(failure)
            }
        }
    }

    /// The client's next line of the exchange; `nil` when it has been answered already.
    private func response() async throws(IOError) -> [UInt8]? {
        do throws(IOError) {
            guard let line = try await connection.readLine(maximum: SASLServerExchange.maximumLineOctets) else {
                throw .closed
            }
            notes.trace?.client("***")
            return line.bytes
        } catch .lineTooLong {
            perform(session.fail(SMTPReply(500, .lineTooLong, "Line too long")))
            return nil
        }
    }

    private func conclude(_ outcome: AuthenticationOutcome, user: String) {
        switch outcome {
        case .success(let found):
            notes.user = "\(found.name)"
            notes.trace?.note("logged on as \(found.name)")
            events.record(.loggedOn, ["user.name": .string("\(found.name)"), "smtp.tls": .bool(connection.tls != nil)])
            connection.deadline = nil
        case .invalidCredentials, .notPermitted:
            events.record(.logOnFailed, ["user.name": .string(user), "smtp.tls": .bool(connection.tls != nil)])
        case .unavailable: break
        }
        perform(session.authenticated(outcome))
    }

    private func fail(_ failure: SASLFailure) {
        switch failure {
        case .cancelled, .malformed: perform(session.fail(SMTPReply(501, .invalidArguments, failure.text)))
        case .notAuthorized: perform(session.authenticated(.notPermitted))
        }
    }
}
