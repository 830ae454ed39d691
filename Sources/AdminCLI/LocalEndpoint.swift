// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Directory
internal import Events
internal import MailAdmin
internal import ProtocolTrace
internal import ResolverRole
internal import Routing
internal import Runtime
internal import ServiceControl
internal import Settings

/// The operations without a server: settings, events, the directory and the mail as the files have them.
struct LocalEndpoint: AdminEndpoint {
    let installation: Installation
    let composition: Composition
    let loop: EventLoop

    func send(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        if MailGateway.isAboutQueue(request.path) { return try await sendToQueue(request) }
        let (router, request) = try await router(for: request)
        return await router.send(request)
    }

    func open(_ request: AdminRequest, hasBody: Bool) async throws(AdminError) -> any AdminCall {
        let (router, request) = try await router(for: request)
        return LocalCall(router, try router.operation(for: request), request, hasBody: hasBody)
    }

    /// What does a request, and the request as it understands it.
    private func router(for request: AdminRequest) async throws(AdminError) -> (AdminRouter, AdminRequest) {
        try requirePermission()
        let file = SettingsFile(dataFolder: installation.folder, tree: composition.settings)
        let snapshot = await BlockingPool.shared.run { file.load().snapshot }
        let events = eventRecorder(snapshot)
        let isAboutMail = MailGateway.isAboutMail(request.path)
        let needsDirectory = ["domains", "accounts", "auth", "aliases", "stores", "directory", "routes"].contains(
            request.path.dropFirst().first
        )
        let directory = needsDirectory ? try await openDirectory(snapshot) : nil
        if isAboutMail, let directory,
            let target = try await MailGateway(installation.layout, directory: directory).target(of: request)
        {
            let store = ClosedStore(
                installation.layout,
                number: target.store,
                loop: loop,
                settings: LiveSettings(snapshot),
                events: events
            )
            let isShared = AccountOwners(installation.layout).workers == 1
            let operations = MailOperations(store, access: isShared ? AccountAccess(directory) : nil)
            return (AdminRouter(operations: operations.all, events: events), target.request)
        }
        let settings = SettingsAdministration(file: file, events: events)
        let context = AdminContext(
            settings: settings,
            eventLog: installation.eventLog,
            tracking: TrackingReader(folder: installation.layout.tracking),
            traces: TraceFolder(installation.layout.traces),
            catalogue: composition.events,
            directory: directory,
            services: nil,
            events: events
        )
        let names = ResolverOperations(asking: LiveSettings(snapshot), events: .none)
        let connectors = ConnectorOperations(
            settings,
            vault: CredentialVault(folder: installation.layout.keys, events: events),
            directory: directory,
            resolver: nil,
            hostName: snapshot[ServiceSettings.hostName]
        )
        let more =
            MailGateway.operations(installation.layout, directory: directory) + names.all + connectors.all
            + DestinationOperations(settings).all
        return (AdminRouter(context, adding: more), request)
    }

    private func requirePermission() throws(AdminError) {
        installation.actAsOwner()
        guard AdminCaller.current.mayAdminister(installation.folder) else {
            throw AdminError(
                .forbidden,
                "\(AdminCaller.current) may not administer \(installation.folder); use sudo, or the folder's owner."
            )
        }
    }

    private func eventRecorder(_ snapshot: SettingsSnapshot) -> EventRecorder {
        EventRecorder(
            sink: EventLog(folder: installation.layout.log, process: "cli", options: EventLogOptions(snapshot))
        )
    }

    /// A look at a queue, or a change of its ledger.
    private func sendToQueue(_ request: AdminRequest) async throws(AdminError) -> AdminResponse {
        try requirePermission()
        let file = SettingsFile(dataFolder: installation.folder, tree: composition.settings)
        let snapshot = await BlockingPool.shared.run { file.load().snapshot }
        let events = eventRecorder(snapshot)
        let settings = LiveSettings(snapshot)
        return try await ClosedQueue(installation.layout, loop: loop, settings: settings, events: events).send(request)
    }

    private func openDirectory(_ settings: SettingsSnapshot) async throws(AdminError) -> AccountDirectory {
        do throws(DirectoryError) {
            return try await AccountDirectory.open(
                file: installation.layout.directoryFile,
                settings: LiveSettings(settings),
                events: .none
            )
        } catch {
            throw AdminError(error)
        }
    }
}
