// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Events
internal import IMAPServer
internal import MailProxy
internal import MailTypes
package import Runtime
internal import Settings

/// Serves IMAP to one client at a time: the log-on here, the mailboxes at the back-end that owns the account.
package struct IMAPFrontEnd: Sendable {
    private let environment: FrontEndEnvironment

    package init(_ environment: FrontEndEnvironment) { self.environment = environment }

    /// Serves a connection to its end.
    ///
    /// An account that cannot be had refuses the log-on, not the connection.
    package func serve(_ connection: Connection, implicitTLS: Bool = false) async {
        if implicitTLS, await !environment.beginTLS(connection) { return }
        let configuration = IMAPConfiguration(environment.settings.current, tls: environment.tls())
        let before = IMAPPreAuthentication(
            connection,
            configuration: configuration,
            authenticator: environment.authenticator,
            events: environment.events
        )
        while case .authenticated(let logOn) = await before.run() {
            do throws(BackEndRefusal) {
                guard case .loggedOff(let rest) = try await relay(connection, logOn, configuration),
                    await before.takeBack(received: rest)
                else { return }
            } catch {
                connection.write(logOn.tag + Self.refusal(error))
            }
        }
    }

    private func relay(
        _ connection: Connection,
        _ logOn: IMAPLogOn,
        _ configuration: IMAPConfiguration
    ) async throws(BackEndRefusal) -> RelayEnd {
        let trace = TraceID.random()
        let events = environment.events.adding(["trace": .string(trace.text)])
        let assertion = environment.assertion(.imap, for: logOn.user, on: connection, trace: trace, tag: logOn.tag)
        let dialer = environment.dialer(events, shareWait: configuration.storeWait)
        let backEnd = try await dialer.open(assertion, on: connection.loop)
        // The back-end watches for idleness; this is for when it does not.
        connection.idleTimeout = configuration.idleTimeout + .seconds(60)
        var relay = Relay(
            client: connection,
            backEnd: backEnd,
            state: IMAPRelayState(logOnTag: logOn.tag),
            events: events
        )
        return await relay.run { answersLogOn in
            var again = assertion
            if !answersLogOn { again.opening = .silent }
            return try? await dialer.open(again, on: connection.loop)
        }
    }

    /// What follows the tag (RFC 5530 §3).
    private static func refusal(_ refusal: BackEndRefusal) -> [UInt8] {
        let code =
            switch refusal.code {
            case .inUse: "INUSE"
            case .permanent: "CONTACTADMIN"
            case .temporary, .restarting, .assertion: "UNAVAILABLE"
            }
        let text = refusal.code == .assertion ? "mail is not available now, try again" : refusal.text
        return Array(" NO [\(code)] ".utf8) + text.utf8.map { ASCII.isControl($0) ? 0x3F : $0 } + [ASCII.cr, ASCII.lf]
    }
}
