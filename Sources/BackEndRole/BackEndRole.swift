// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Directory
internal import Events
internal import JournalStore
internal import MailAdmin
internal import MailProxy
internal import MailStore
internal import Runtime
internal import SMTPServer
package import ServiceControl
internal import Settings

/// The worker that owns accounts: it keeps their mail, serves the sessions that front-ends hand over, and takes the
/// mail that the transport delivers.
package enum BackEndRole {
    /// Opens the store, builds the role and starts its listeners.
    package static func build(_ context: WorkerContext) async throws -> RunningRole {
        guard let secret = AssertionSecret(try AssertionKey.read(context.layout)) else {
            throw InstanceError("\(context.layout.assertionKeyFile) is not a key", exitCode: 74)
        }
        let directory = try await AccountDirectory.open(
            file: context.layout.directoryFile,
            settings: context.settings,
            events: context.events
        )
        let summarizer = Summarizer(context)
        let store = try await JournalStore.open(
            context.layout.store(backEnd: context.inheritance.index),
            loops: [context.loop],
            settings: context.settings,
            events: context.events,
            quota: { account in
                let quota = await directory.quota(of: account)
                return QuotaLimits(octets: quota.octets, messages: quota.messages)
            },
            summarize: { summarizer.summarize($0) }
        )
        // Another worker's accounts are not in this store.
        let sharing = AccountOwners(context.layout).workers == 1 ? AccountSharing(directory: directory) : nil
        let sessions = AssertedSession(
            store: store,
            sharing: sharing,
            secret: secret,
            authenticator: directory,
            settings: context.settings,
            refusesDamaged: { $0[StoreSettings.corruptMessagePolicy] == "refuse" },
            events: context.events
        )
        let delivery = SMTPServer(
            .internalLMTP,
            instance: "internal",
            hostName: context.hostName,
            services: SMTPServices(
                recipients: StoreRecipients(store: store),
                sink: StoreSink(store: store, settings: context.settings, events: context.events),
                settings: context.settings,
                events: context.events
            )
        )
        let provider = ServedStore(
            store,
            number: context.inheritance.index,
            folder: context.layout.store(backEnd: context.inheritance.index)
        )
        let administration = AdminServer(
            router: AdminRouter(operations: MailOperations(provider, access: sharing).all, events: context.events),
            dataFolder: context.layout.data,
            events: context.events
        )
        // Deliveries are received and looked into beside the sessions, which people wait for.
        let deliveries = context.sideLoops.start(name: "delivery", niceness: 5)
        let listeners =
            context.listeners(for: .sessions) { await sessions.serve($0) }
            + context.listeners(for: .delivery, on: deliveries) { await delivery.serve($0) }
            + context.listeners(for: .storeAdmin) { await administration.serve($0) }
        HeldAccounts.follow(context.settings, store.leases)
        let removal = AccountRemoval(store: store, directory: directory, context)
        let removing = Task(executorPreference: context.loop) { await removal.run() }
        let serving = RunningRole(listeners: listeners, loops: [context.loop, deliveries])
        let upkeep = Task { await store.runUpkeep() }
        return RunningRole {
            removing.cancel()
            upkeep.cancel()
            await serving.drain()
            await removing.value
            await upkeep.value
            await store.close()
        }
    }
}
