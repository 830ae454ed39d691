// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailProxy
package import MailTypes
package import POP3Server
package import Runtime
package import SASL
package import Settings

/// What the front-end's sessions share.
///
/// Settings are read anew for each connection.
package struct FrontEndEnvironment: Sendable {
    /// For greetings.
    package var hostName: String
    package var authenticator: any Authenticator
    package var settings: LiveSettings
    /// The certificate in force; `nil` for none.
    package var tls: @Sendable () -> TLSContext?
    package var secret: AssertionSecret
    /// The session socket of the back-end that owns an account now; `nil` while none does.
    package var backEnd: @Sendable (AccountID) async -> String?
    package var events: EventRecorder
    /// Who keeps LOGIN-DELAY of POP3; `nil` for nobody.
    package var pace: (any POP3LogOnPace)?

    package init(
        hostName: String,
        authenticator: any Authenticator,
        settings: LiveSettings,
        tls: @escaping @Sendable () -> TLSContext?,
        secret: AssertionSecret,
        backEnd: @escaping @Sendable (AccountID) async -> String?,
        events: EventRecorder,
        pace: (any POP3LogOnPace)? = nil
    ) {
        self.hostName = hostName
        self.authenticator = authenticator
        self.settings = settings
        self.tls = tls
        self.secret = secret
        self.backEnd = backEnd
        self.events = events
        self.pace = pace
    }

    /// The same with another certificate.
    func with(tls: @escaping @Sendable () -> TLSContext?) -> FrontEndEnvironment {
        var copy = self
        copy.tls = tls
        return copy
    }

    /// - Parameter shareWait: how long the back-end itself waits for an account that is in use, which must not be taken
    ///   for its absence.
    func dialer(_ events: EventRecorder, shareWait: Duration) -> BackEndDialer {
        BackEndDialer(
            path: backEnd,
            key: secret,
            deadline: settings.current[FrontEndSettings.backEndDeadline] + shareWait,
            events: events
        )
    }

    /// TLS from the first octet (RFC 8314 §3).
    ///
    /// False when the handshake failed or there is no certificate: the connection is to be closed.
    func beginTLS(_ connection: Connection) async -> Bool {
        guard let context = tls() else { return false }
        connection.deadline = .now + .seconds(30)
        defer { connection.deadline = nil }
        do throws(IOError) {
            try await connection.startTLS(context)
            return true
        } catch {
            return false
        }
    }

    func assertion(
        _ protocol: AssertedProtocol,
        for user: AuthenticatedUser,
        on client: Connection,
        trace: TraceID,
        tag: [UInt8],
        acceptsUTF8: Bool = false
    ) -> SessionAssertion {
        SessionAssertion(
            `protocol`,
            account: user.account,
            name: user.name,
            clientAddress: client.peer.host,
            tls: client.tls,
            trace: trace,
            opening: .logOn(tag: tag),
            acceptsUTF8: acceptsUTF8
        )
    }
}
