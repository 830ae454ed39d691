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
        guard let mechanism = SASLMechanism.named(auth.mechanism.utf8, among: session.mechanisms),
            let authenticator = server.services.authenticator
        else {
            return reply(SMTPReply(454, .security, "Cannot check now, try again later"))
        }
        let logOn: SASLLogOn
        do throws(IOError) {
            logOn = try await SASLLogOn.run(
                mechanism,
                initialResponse: auth.initialResponse,
                from: SASLPeer(service: .submission, address: connection.peer.host, channel: session.channel),
                against: authenticator
            ) { (challenge) async throws(IOError) -> [UInt8] in try await respond(challenge) }
        } catch .lineTooLong {
            return perform(session.fail(SMTPReply(500, .lineTooLong, "Line too long")))
        }
        switch logOn.ending {
        case .outcome(let outcome): conclude(outcome, user: logOn.user)
        case .failure(let failure):
            if failure == .notAuthorized || failure == .channelBinding { report(user: logOn.user) }
            perform(session.authenticationFailed(failure))
        }
    }

    /// The client's next line of the exchange.
    private func respond(_ challenge: [UInt8]) async throws(IOError) -> [UInt8] {
        notes.trace?.server("334 ***")
        connection.write("334 ")
        connection.write(challenge)
        connection.write("\r\n")
        guard let line = try await connection.readLine(maximum: SASLServerExchange.maximumLineOctets) else {
            throw .closed
        }
        notes.trace?.client("***")
        return line.bytes
    }

    private func conclude(_ outcome: AuthenticationOutcome, user: String) {
        switch outcome {
        case .success(let found):
            notes.user = "\(found.name)"
            notes.trace?.note("logged on as \(found.name)")
            events.record(.loggedOn, ["user.name": .string("\(found.name)"), "smtp.tls": .bool(connection.tls != nil)])
            connection.deadline = nil
        case .invalidCredentials, .notPermitted: report(user: user)
        case .unavailable: break
        }
        let step = session.authenticated(outcome)
        if let refusal = refusalOfLogOn() { return perform(.close(refusal)) }
        perform(step)
    }

    private func report(user: String) {
        events.record(.logOnFailed, ["user.name": .string(user), "smtp.tls": .bool(connection.tls != nil)])
    }
}
