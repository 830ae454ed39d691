// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
package import MailTypes
internal import Runtime

/// Leases of a store that only this process uses: always granted, with the epoch of this start of the process.
///
/// `hold` plays another owner, for drills and tests.
package final class EmbeddedLeases: LeaseService {
    package let epoch: UInt64
    private let held = Lock<Set<AccountID>>([])
    /// How often a wait looks again.
    private static let pause = Duration.milliseconds(20)

    package init(epoch: UInt64) { self.epoch = epoch }

    package func acquire(
        _ account: AccountID,
        deadline: ContinuousClock.Instant
    ) async throws(MailStoreError) -> Fence {
        while held.withLock({ $0.contains(account) }) {
            guard ContinuousClock.now < deadline else {
                throw MailStoreError(.busy, "the mailbox is in use", detail: "account \(account) is held elsewhere")
            }
            await Self.wait(min(Self.pause, deadline - .now))
        }
        return Fence(account: account, epoch: epoch)
    }

    package func release(_ fence: Fence) {}

    /// Has every `acquire` of the account wait until `letGo`.
    package func hold(_ account: AccountID) { held.withLock { _ = $0.insert(account) } }
    package func letGo(_ account: AccountID) { held.withLock { _ = $0.remove(account) } }

    private static func wait(_ duration: Duration) async {
        if let loop = EventLoop.current, (try? await loop.sleep(for: duration)) != nil { return }
        let microseconds = UInt32(clamping: duration / .microseconds(1) < 1 ? 1 : Int64(duration / .microseconds(1)))
        await BlockingPool.shared.run { _ = usleep(microseconds) }
    }
}
