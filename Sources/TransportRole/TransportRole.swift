// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import Events
internal import MailTypes
internal import Runtime
internal import SMTPClient
internal import SMTPServer
internal import SMTPWire
package import ServiceControl
internal import Settings

/// The worker that takes mail in: from other servers, from users who submit, and by LMTP.
package enum TransportRole {
    /// Builds the role and starts its listeners.
    package static func build(_ context: WorkerContext) async throws -> RunningRole {
        let directory = try await AccountDirectory.open(
            file: context.layout.directoryFile,
            settings: context.settings,
            events: context.events
        )
        let layout = context.layout
        let owners = AccountOwners(layout)
        let client = LMTPClient(name: context.hostName)
        let recipients = DirectoryRecipients(directory) { delivery, octets in
            let path = owners.deliverySocket(of: delivery.account)
            do throws(SMTPClientError) {
                let answer = try await client.verify(
                    delivery.address,
                    account: delivery.account,
                    octets: octets,
                    at: path
                )
                return answer.severity != .permanent
            } catch {
                // Whatever keeps it from answering is for the delivery to find out.
                return true
            }
        }
        let services = SMTPServices(
            recipients: recipients,
            sink: LocalDeliverySink(
                client: client,
                spoolFolder: layout.spool,
                settings: context.settings,
                events: context.events,
                socket: { owners.deliverySocket(of: $0) }
            ),
            authenticator: directory,
            senders: recipients,
            settings: context.settings,
            events: context.events
        )
        let tls = ServerCertificate.load(context)
        let listeners = kinds.flatMap { definition, service, instance in
            let server = SMTPServer(
                service,
                instance: instance,
                hostName: context.hostName,
                tls: tls,
                implicitTLS: definition.hasImplicitTLS,
                services: services
            )
            return context.listeners(
                for: definition,
                refusal: String(decoding: server.tooManyConnections, as: UTF8.self)
            ) { connection in
                if context.settings.current[ServiceSettings.transferMode].takesMail {
                    await server.serve(connection)
                } else {
                    connection.write(
                        "421 4.3.2 \(context.hostName) takes no mail now (maintenance), try again later\r\n"
                    )
                }
            }
        }
        return RunningRole(listeners: listeners, loops: [context.loop])
    }

    /// Which server is on which listener, and the instance under which settings know it.
    private static let kinds: [(ListenerDefinition, SMTPService, String)] = [
        (.smtp, .receive, "1"), (.submission, .submission, "2"), (.submissions, .submission, "3"), (.lmtp, .lmtp, "4"),
    ]
}
