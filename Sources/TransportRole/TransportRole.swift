// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Directory
internal import Events
internal import Glibc
internal import MailAdmin
internal import MailQueue
internal import MailTypes
internal import ProtocolTrace
internal import Resolver
internal import Routing
internal import Runtime
internal import SMTPClient
internal import SMTPServer
internal import SMTPWire
package import ServiceControl
internal import Settings
internal import TokenIntrospection

/// The worker that takes mail in (from other servers, from users who submit, and by LMTP), keeps what waits in its queue,
/// and sends it on.
package enum TransportRole {
    /// Builds the role and starts its listeners.
    package static func build(_ context: WorkerContext) async throws -> RunningRole {
        let directory = try await AccountDirectory.open(
            file: context.layout.directoryFile,
            settings: context.settings,
            events: context.events,
            tokens: IntrospectionClient(settings: context.settings, events: context.events)
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
        let router = OutgoingRouter(context.settings)
        let protocolLogs = ProtocolLogs(context)
        await router.learnGroups { await directory.members(of: $0) }
        let resolver = Self.resolver(context)
        let outbound = try SMTPOutbound()
        let onDemand = OnDemandSessions()
        let queues = try await queues(
            context,
            directory,
            client,
            owners,
            router,
            protocolLogs.traces,
            resolver,
            outbound,
            onDemand
        )
        guard let queue = queues[context.inheritance.index] else { throw QueueError.unavailable("no queue") }
        let tables = ClientTables.open(context)
        let greylist = await GreylistFile.open(context, tables.greylist)
        let relay = OutgoingAdmission(queue, router, settings: context.settings)
        let filters = MilterFilters(
            recipients: recipients,
            relay: relay,
            spoolFolder: layout.spool,
            settings: context.settings,
            events: context.events
        )
        var services = SMTPServices(
            recipients: recipients,
            sink: LocalDeliverySink(
                client: client,
                spoolFolder: layout.spool,
                settings: context.settings,
                events: context.events,
                queue: queue,
                socket: { owners.deliverySocket(of: $0) }
            ),
            authenticator: directory,
            senders: recipients,
            relay: relay,
            queues: QueuesOnRequest(queues, layout, loop: context.loop),
            clients: ClientControl(
                rates: tables.rates,
                lists: ResolverLists(resolver),
                greylist: greylist.greylist,
                names: ClientNames(resolver)
            ),
            filters: filters,
            settings: context.settings,
            events: context.events
        )
        services.senderDomains = SenderDomains(resolver)
        services.sentCopies = recipients
        services.onDemand = OnDemandRelays(
            router,
            queues.sorted { $0.key < $1.key }.map(\.value),
            outbound,
            onDemand,
            loans: OnDemandLoans(layout: layout, loop: context.loop, own: Set(queues.keys)),
            settings: context.settings,
            hostName: context.hostName
        )
        let fetches = OnDemandFetches(
            queues: queues,
            outbound: outbound,
            sessions: onDemand,
            settings: context.settings,
            hostName: context.hostName,
            layout: layout,
            loop: context.loop
        )
        (services.traces, services.log) = (protocolLogs.traces, protocolLogs.commands)
        let smtp = services
        let tls = ServerCertificate.load(context)
        let all = kinds + further(context.settings.current)
        let listeners = all.flatMap { definition, service, instance in
            let server = SMTPServer(
                service,
                instance: instance,
                hostName: context.hostName,
                tls: ServerCertificate.load(context, instance: instance, or: tls),
                implicitTLS: definition.hasImplicitTLS,
                services: smtp
            )
            return context.listeners(
                for: definition,
                refusal: String(decoding: server.tooManyConnections, as: UTF8.self)
            ) { connection in
                if context.settings.current[ServiceSettings.transferMode].takesMail {
                    await server.serve(connection)
                } else {
                    await server.turnAway(connection)
                }
            }
        }
        let digest = PostmasterDigest(context, directory, queue)
        if context.inheritance.index == 1 { digest.keep() }
        let administration = AdminServer(
            router: AdminRouter(
                operations: QueueOperations(queues).all + digest.operations + fetches.operations,
                events: context.events
            ),
            dataFolder: layout.data,
            events: context.events
        )
        let pickingUp = context.inheritance.index == 1 ? startPickup(context, queue, recipients, relay, filters) : nil
        let serving = RunningRole(
            listeners: listeners + context.listeners(for: .queueAdmin) { await administration.serve($0) },
            loops: [context.loop]
        )
        return RunningRole {
            await serving.drain()
            await greylist.save()
            await pickingUp?.value
            for queue in queues.values { await queue.close() }
            await protocolLogs.close()
        }
    }

    private static func resolver(_ context: WorkerContext) -> ResolverClient {
        ResolverClient(
            path: context.layout.resolverSocket,
            loop: context.loop,
            settings: context.settings,
            events: context.events
        )
    }

    /// Where the listeners are that take mail from other servers.
    private static func ownAddresses(_ context: WorkerContext) -> OwnAddresses {
        let receiving = (kinds + further(context.settings.current)).filter { $0.1 == .receive }
        let sockets = receiving.flatMap { context.inheritance.descriptors(of: $0.0) }
        return OwnAddresses(sockets.compactMap { localAddress(of: $0) })
    }

    /// Takes mail from the pickup folder until the loop drains.
    private static func startPickup(
        _ context: WorkerContext,
        _ queue: MailQueue,
        _ recipients: DirectoryRecipients,
        _ relay: OutgoingAdmission,
        _ filters: MilterFilters
    ) -> Task<Void, Never> {
        let services = PickupServices(
            queue: queue,
            directory: recipients,
            relay: relay,
            filters: filters,
            settings: context.settings,
            events: context.events,
            hostName: context.hostName,
            spoolFolder: context.layout.spool
        )
        let folder = PickupFolder(context.layout.pickup(context.settings.current[PickupSettings.folder]))
        let loop = context.loop
        return Task(executorPreference: loop) { await Pickup(folder, services, loop: loop).run() }
    }

    /// Opens the worker's queue and keeps it going; the first worker those of workers that are gone, too.
    private static func queues(
        _ context: WorkerContext,
        _ directory: AccountDirectory,
        _ client: LMTPClient,
        _ owners: AccountOwners,
        _ router: OutgoingRouter,
        _ traces: ProtocolTraces,
        _ resolver: ResolverClient,
        _ outbound: SMTPOutbound,
        _ onDemand: OnDemandSessions
    ) async throws -> [Int: MailQueue] {
        var services = QueueServices(
            transport: OutgoingTransport(
                lmtp: client,
                socket: { owners.deliverySocket(of: $0) },
                outbound: outbound,
                resolver: resolver,
                router: router,
                vault: CredentialVault(folder: context.layout.keys, events: context.events),
                settings: context.settings,
                hostName: context.hostName,
                traces: traces,
                onDemand: onDemand,
                ownAddresses: ownAddresses(context)
            ),
            router: router,
            reports: OutgoingReports(directory, hostName: context.hostName) { WallClock.seconds },
            settings: context.settings,
            events: context.events
        )
        services.diedOfFault = context.inheritance.diedOfFault
        let index = context.inheritance.index
        var queues = [index: try await open(index, services, context)]
        let workers = context.settings.current[ServiceSettings.transportWorkers]
        for number in MailGateway.queues(context.layout) where index == 1 && number > workers {
            // A worker that still runs keeps its own.
            guard let queue = try? await open(number, services, context) else { continue }
            unsafe unlink(context.layout.adminSocket(transport: number))
            queues[number] = queue
        }
        let loop = context.loop
        loop.every(.seconds(1)) {
            Task(executorPreference: loop) {
                await outbound.closeIdle()
                await router.learnGroups { await directory.members(of: $0) }
            }
        }
        return queues
    }

    private static func open(
        _ number: Int,
        _ services: QueueServices,
        _ context: WorkerContext
    ) async throws -> MailQueue {
        let loop = context.loop
        var services = services
        services.number = number
        let queue = try await MailQueue.open(context.layout.queue(transport: number), services, loop: loop)
        loop.every(.milliseconds(200)) { queue.assumeIsolated { $0.tick() } }
        context.settings.observe { settings in
            let isSending = settings[ServiceSettings.transferMode] != .inbound
            loop.execute { queue.assumeIsolated { $0.setSending(isSending) } }
        }
        return queue
    }

    /// Which server is on which listener, and the instance under which settings know it.
    private static let kinds: [(ListenerDefinition, SMTPService, String)] = [
        (.smtp, .receive, "1"), (.submission, .submission, "2"), (.submissions, .submission, "3"), (.lmtp, .lmtp, "4"),
    ]

    /// Listeners that settings add, as `kinds`.
    private static func further(_ settings: SettingsSnapshot) -> [(ListenerDefinition, SMTPService, String)] {
        ListenerDefinition.further(settings).compactMap { definition in
            guard let instance = definition.instance else { return nil }
            let service: SMTPService =
                switch settings[SMTPListenerSettings.service, instance: instance] {
                case .receive: .receive
                case .submission, .submissions: .submission
                case .lmtp: .lmtp
                }
            return (definition, service, instance)
        }
    }
}
