// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import IMAPServer
package import MailProxy
package import MailStore
internal import MailTypes
internal import POP3Server
package import Runtime
package import SASL
package import Settings

/// Serves the connections that front-ends open: one assertion, one status line, then the session.
package struct AssertedSession: Sendable {
    /// Time for the assertion to come.
    private static let assertionTime = Duration.seconds(10)

    let store: any MailStore
    /// `nil` where users cannot share mailboxes.
    let sharing: (any MailboxSharing)?
    let settings: LiveSettings
    let previews = PreviewTable()
    let columns = ColumnTable()
    private let plain = PlainMessages()
    let events: EventRecorder
    private let secret: AssertionSecret
    private let authenticator: any Authenticator
    private let refusesDamaged: @Sendable (SettingsSnapshot) -> Bool

    /// - Parameters:
    ///   - sharing: only where this store has every account.
    ///   - authenticator: says which mechanisms there are; nobody logs on here.
    ///   - refusesDamaged: whether `store/corrupt-message-policy` is to refuse.
    package init(
        store: any MailStore,
        sharing: (any MailboxSharing)? = nil,
        secret: AssertionSecret,
        authenticator: any Authenticator,
        settings: LiveSettings,
        refusesDamaged: @escaping @Sendable (SettingsSnapshot) -> Bool,
        events: EventRecorder
    ) {
        self.store = store
        self.sharing = sharing
        self.secret = secret
        self.authenticator = authenticator
        self.settings = settings
        self.refusesDamaged = refusesDamaged
        self.events = events
    }

    /// Serves one connection to its end.
    ///
    /// Nothing is read from the store before the assertion has proved right.
    package func serve(_ connection: Connection) async {
        guard let assertion = await receive(connection) else { return }
        do throws(MailStoreError) {
            switch assertion.protocol {
            case .imap: try await serveIMAP(assertion, connection)
            case .pop3: try await servePOP3(assertion, connection)
            }
        } catch {
            connection.write(BackEndStatus.refused(Self.refusal(of: error)).line)
        }
    }

    private func receive(_ connection: Connection) async -> SessionAssertion? {
        connection.deadline = .now + Self.assertionTime
        let line: Line?
        do throws(IOError) {
            line = try await connection.readLine(maximum: SessionAssertion.maximumLineOctets)
        } catch {
            let refusal: BackEndRefusal =
                error == .shutdown
                ? BackEndRefusal(.restarting, "this back-end is going away")
                : BackEndRefusal(.assertion, error.description)
            connection.write(BackEndStatus.refused(refusal).line)
            return nil
        }
        connection.deadline = nil
        guard let line else { return nil }
        do throws(AssertionError) {
            return try SessionAssertion(
                verifying: line.bytes,
                key: secret,
                now: BackEndDialer.millisecondsSince1970()
            )
        } catch {
            events.record(.assertionRefused, ["backend.reason": .string("\(error)")])
            connection.write(BackEndStatus.refused(BackEndRefusal(.assertion, "\(error)")).line)
            return nil
        }
    }

    private func servePOP3(_ assertion: SessionAssertion, _ connection: Connection) async throws(MailStoreError) {
        let snapshot = settings.current
        let limits = POP3Limits(snapshot)
        // Which data the front-end's TLS gave is of no concern here, only that there is some.
        let channel = assertion.tls.map { _ in SASLChannel(.tls, bindings: ["tls-server-end-point": []]) }
        let account = try await store.account(assertion.account, deadline: .now + limits.shareDeadline)
        var session = try await POP3Session.open(
            account,
            for: POP3Client(
                user: assertion.user,
                peer: assertion.clientAddress,
                channel: channel ?? SASLChannel(.loopback),
                mechanisms: await authenticator.mechanisms(),
                acceptsUTF8: assertion.acceptsUTF8
            ),
            limits: limits,
            refusesDamaged: refusesDamaged(snapshot),
            plain: plain,
            events: recorder(assertion)
        )
        connection.write(BackEndStatus.ready.line)
        await session.run(connection)
    }

    func recorder(_ assertion: SessionAssertion) -> EventRecorder {
        events.adding(["trace": .string(assertion.trace.text), "client.address": .string(assertion.clientAddress)])
    }

    private static func refusal(of error: MailStoreError) -> BackEndRefusal {
        switch error.code {
        case .busy: BackEndRefusal(.inUse, "the account is in use, try again")
        case .damaged: BackEndRefusal(.permanent, "the account is damaged")
        default: BackEndRefusal(.temporary, "mail is not available now, try again")
        }
    }
}

extension SessionAssertion {
    var user: AuthenticatedUser { AuthenticatedUser(account: account, name: name) }
}
