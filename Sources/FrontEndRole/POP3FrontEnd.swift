// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailProxy
internal import MailTypes
internal import POP3Server
internal import POP3Wire
package import Runtime
internal import SASL
internal import Settings

/// Serves POP3 to one client at a time: the log-on here, the maildrop at the back-end that owns the account.
package struct POP3FrontEnd: Sendable {
    private let environment: FrontEndEnvironment

    package init(_ environment: FrontEndEnvironment) { self.environment = environment }

    /// Serves a connection to its end.
    ///
    /// A maildrop that cannot be had refuses the log-on, not the connection.
    package func serve(_ connection: Connection, implicitTLS: Bool = false) async {
        if implicitTLS, await !environment.beginTLS(connection) { return }
        let limits = POP3Limits(environment.settings.current)
        var before = POP3PreAuthentication(
            POP3Environment(
                hostName: environment.hostName,
                authenticator: environment.authenticator,
                tls: environment.tls(),
                limits: limits,
                events: environment.events,
                pace: environment.pace
            )
        )
        while case .authenticated(let user) = await before.run(connection) {
            do throws(BackEndRefusal) {
                return try await relay(connection, user, acceptsUTF8: before.acceptsUTF8, limits)
            } catch {
                if limits.loginDelay > 0 { await environment.pace?.withdraw(user.account) }
                connection.write(Self.reply(to: error).encoded)
            }
        }
    }

    private func relay(
        _ connection: Connection,
        _ user: AuthenticatedUser,
        acceptsUTF8: Bool,
        _ limits: POP3Limits
    ) async throws(BackEndRefusal) {
        let trace = TraceID.random()
        let events = environment.events.adding(["trace": .string(trace.text)])
        let assertion = environment.assertion(
            .pop3,
            for: user,
            on: connection,
            trace: trace,
            tag: [],
            acceptsUTF8: acceptsUTF8
        )
        let dialer = environment.dialer(events, shareWait: limits.shareDeadline)
        let backEnd = try await dialer.open(assertion, on: connection.loop)
        // The back-end watches for idleness; this is for when it does not.
        connection.idleTimeout = limits.idleTimeout + .seconds(60)
        var relay = Relay(client: connection, backEnd: backEnd, state: POP3RelayState(), events: events)
        await relay.run { answersLogOn in
            answersLogOn ? try? await dialer.open(assertion, on: connection.loop) : nil
        }
    }

    private static func reply(to refusal: BackEndRefusal) -> POP3Reply {
        switch refusal.code {
        case .inUse: .err(.inUse, refusal.text)
        case .permanent: .err(.systemPermanent, refusal.text)
        case .assertion: .err(.systemTemporary, "mail is not available now, try again")
        case .temporary, .restarting: .err(.systemTemporary, refusal.text)
        }
    }
}
