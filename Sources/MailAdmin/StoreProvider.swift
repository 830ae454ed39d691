// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
package import Events
package import JournalStore
internal import MailStore
internal import MessageFormat
package import Runtime
package import ServiceControl
package import Settings

/// Where the operations find the store that they work on.
package protocol StoreProvider: Sendable {
    /// Number of the store, from 1.
    var number: Int { get }
    /// The folder of the store.
    var folder: String { get }
    /// Does `body` with the store open.
    func withStore<Answer: Sendable>(
        _ body: @Sendable (JournalStore) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer
}

/// The store that this process serves.
package struct ServedStore: StoreProvider {
    package let number: Int
    package let folder: String
    private let store: JournalStore

    package init(_ store: JournalStore, number: Int, folder: String) {
        self.store = store
        self.number = number
        self.folder = folder
    }

    package func withStore<Answer: Sendable>(
        _ body: @Sendable (JournalStore) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        try await body(store)
    }
}

/// A store that nobody serves: it is opened, under its lock, for each operation.
package struct ClosedStore: StoreProvider {
    package let number: Int
    package let folder: String
    private let loop: EventLoop
    private let settings: LiveSettings
    private let events: EventRecorder

    package init(
        _ layout: InstanceLayout,
        number: Int,
        loop: EventLoop,
        settings: LiveSettings,
        events: EventRecorder
    ) {
        self.number = number
        folder = layout.store(backEnd: number)
        self.loop = loop
        self.settings = settings
        self.events = events
    }

    package func withStore<Answer: Sendable>(
        _ body: @Sendable (JournalStore) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        let store: JournalStore
        do throws(MailStoreError) {
            store = try await JournalStore.open(
                folder,
                loops: [loop],
                settings: settings,
                events: events,
                summarize: { MessageSummary(parsing: $0).encode() }
            )
        } catch {
            throw AdminError(error)
        }
        let outcome: Result<Answer, AdminError>
        do throws(AdminError) { outcome = .success(try await body(store)) } catch { outcome = .failure(error) }
        await store.close()
        return try outcome.get()
    }
}
