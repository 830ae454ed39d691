// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import Events
internal import MailProxy
internal import Runtime
package import ServiceControl
internal import Settings
internal import TokenIntrospection

/// The worker that holds the clients: it takes IMAP and POP3 connections, finds out who is there, and relays to the
/// back-end that owns the account.
///
/// It keeps no mail.
package enum FrontEndRole {
    /// Builds the role and starts its listeners.
    package static func build(_ context: WorkerContext) async throws -> RunningRole {
        let directory = try await AccountDirectory.open(
            file: context.layout.directoryFile,
            settings: context.settings,
            events: context.events,
            tokens: IntrospectionClient(settings: context.settings, events: context.events)
        )
        guard let secret = AssertionSecret(try AssertionKey.read(context.layout)) else {
            throw InstanceError("\(context.layout.assertionKeyFile) is not a key", exitCode: 74)
        }
        let owners = AccountOwners(context.layout)
        let settings = context.settings.current
        let (imapAsks, pop3Asks) = (
            settings[ServiceSettings.imapRequestsCertificate], settings[ServiceSettings.pop3RequestsCertificate]
        )
        let imapTLS = ServerCertificate.load(context, requestsCertificates: imapAsks)
        let pop3TLS =
            imapAsks == pop3Asks ? imapTLS : ServerCertificate.load(context, requestsCertificates: pop3Asks)
        let environment = FrontEndEnvironment(
            hostName: context.hostName,
            authenticator: directory,
            settings: context.settings,
            tls: { imapTLS },
            secret: secret,
            backEnd: { owners.sessionSocket(of: $0) },
            events: context.events,
            pace: LogOnPace(directory)
        )
        let imap = IMAPFrontEnd(environment)
        let pop3 = POP3FrontEnd(environment.with(tls: { pop3TLS }))
        var listeners: [Listener] = []
        for definition in [ListenerDefinition.imap, .imaps] {
            listeners += context.listeners(for: definition, refusal: "* BYE [LIMIT] too many connections\r\n") {
                await imap.serve($0, implicitTLS: definition.hasImplicitTLS)
            }
        }
        for definition in [ListenerDefinition.pop3, .pop3s] {
            listeners += context.listeners(for: definition, refusal: "-ERR [SYS/TEMP] too many connections\r\n") {
                await pop3.serve($0, implicitTLS: definition.hasImplicitTLS)
            }
        }
        return RunningRole(listeners: listeners, loops: [context.loop])
    }
}
