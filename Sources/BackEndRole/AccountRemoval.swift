// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import Events
internal import MailStore
internal import MailTypes
internal import Runtime
internal import ServiceControl
package import Settings

package enum BackEndSettings {
    package static let removalGrace = SettingKey(
        "backend/removal-grace",
        default: Duration.zero,
        in: .zero ... .seconds(365 * 86_400),
        help: "How long the mail of an account that was removed stays in the store."
    )
}

package let backEndRoleSettings: [SettingDeclaration] = [
    DrillSettings.heldAccounts.declaration, BackEndSettings.removalGrace.declaration,
]

/// Removes the mail of accounts that were removed from the directory.
///
/// The directory keeps the list, so that an account that was removed while this worker did not run is found at its next
/// start; an entry goes when its mail is gone.
struct AccountRemoval: Sendable {
    private static let pause = Duration.seconds(1)

    private let store: any MailStore
    private let directory: AccountDirectory
    private let settings: LiveSettings
    private let events: EventRecorder
    private let loop: EventLoop
    private let isOurs: @Sendable (AccountID) -> Bool

    init(store: any MailStore, directory: AccountDirectory, _ context: WorkerContext) {
        let (owners, index) = (AccountOwners(context.layout), context.inheritance.index)
        self.store = store
        self.directory = directory
        settings = context.settings
        events = context.events
        loop = context.loop
        isOurs = { owners.worker(of: $0) == index }
    }

    /// Looks again and again until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do throws(DirectoryError) {
                let latest = WallClock.seconds - settings.current[BackEndSettings.removalGrace].seconds
                for removed in try await directory.removals() where removed.removed <= latest && isOurs(removed.account)
                {
                    try await remove(removed.account)
                }
            } catch {
                events.record(.removalFailed, ["detail": .string(error.description)])
            }
            guard (try? await loop.sleep(for: Self.pause)) != nil else { return }
        }
    }

    private func remove(_ account: AccountID) async throws(DirectoryError) {
        do throws(MailStoreError) {
            try await store.remove(account)
        } catch {
            // It stays on the list.
            events.record(
                .removalFailed,
                ["account": .string(account.description), "detail": .string("\(error.message): \(error.detail)")]
            )
            return
        }
        try await directory.mailIsRemoved(of: account)
        events.record(.mailRemoved, ["account": .string(account.description)])
    }
}

extension Duration {
    fileprivate var seconds: Int64 { components.seconds }
}
