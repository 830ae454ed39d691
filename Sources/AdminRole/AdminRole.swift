// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Directory
package import Events
internal import MailAdmin
internal import ProtocolTrace
internal import Resolver
internal import ResolverRole
internal import Routing
internal import Runtime
package import ServiceControl
package import Settings

/// The worker that serves the admin API on `DATA/run/admin.sock`.
///
/// It is a process of its own, so that a fault in an operation takes no mail service with it.
package enum AdminRole {
    /// More at once are refused: administrators and their scripts are few.
    private static let maximumConnections = 64

    /// Builds the role and starts its listener.
    ///
    /// `settings` and `events` are all there are in the program.
    package static func build(
        _ context: WorkerContext,
        settings: SettingsTree,
        events: EventCatalogue
    ) async throws -> RunningRole {
        let control = context.control
        let directory = try await AccountDirectory.open(
            file: context.layout.directoryFile,
            settings: context.settings,
            events: context.events
        )
        let resolver = ResolverClient(
            path: context.layout.resolverSocket,
            loop: context.loop,
            settings: context.settings,
            events: context.events
        )
        let settings = SettingsAdministration(
            file: SettingsFile(dataFolder: context.layout.data, tree: settings),
            live: context.settings,
            events: context.events,
            onChange: { _ = try? await control.request("settings-changed") }
        )
        let connectors = ConnectorOperations(
            settings,
            vault: CredentialVault(folder: context.layout.keys, events: context.events),
            directory: directory,
            resolver: resolver,
            hostName: context.hostName
        )
        let router = AdminRouter(
            AdminContext(
                settings: settings,
                eventLog: EventReader(folder: context.layout.log),
                tracking: TrackingReader(folder: context.layout.tracking),
                traces: TraceFolder(context.layout.traces),
                catalogue: events,
                directory: directory,
                services: WorkerServices(control: control),
                events: context.events
            ),
            adding: MailGateway.operations(context.layout, directory: directory) + ResolverOperations(resolver).all
                + connectors.all + DestinationOperations(settings).all
        )
        let server = AdminServer(
            router: router,
            forwarder: MailGateway(context.layout, directory: directory),
            dataFolder: context.layout.data,
            events: context.events
        )
        let listeners = context.inheritance.descriptors(of: .admin).map { descriptor in
            Listener(fd: descriptor, loops: [context.loop], maximumConnections: maximumConnections) { connection in
                await server.serve(connection)
            }
        }
        return RunningRole(listeners: listeners, loops: [context.loop])
    }
}
