// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Locking
internal import Runtime

extension IMAPSession {
    /// How often a client that waits for work elsewhere is looked at.
    private static let look = Duration.milliseconds(100)

    /// Tells the client how far its command is, where it has waited long (RFC 9585 §4), and lets others on this loop have
    /// their turn; called between responses.
    ///
    /// - Parameters:
    ///   - done: messages done; `nil` when that is not known.
    ///   - goal: how many there are; above 0.
    ///   - waits: whether for a client that does not read; not by whoever holds what other sessions wait for.
    func tellProgress(_ done: Int? = nil, of goal: Int? = nil, waits: Bool = true) async throws(IOError) {
        let now = ContinuousClock.now
        await giveWay(at: now)
        guard now >= nextProgress else { return }
        nextProgress = now + configuration.progressInterval
        let progress = CommandProgress(
            tag: tag.contains(0x5D) ? nil : tag,
            done: done.map { UInt32(clamping: $0) },
            goal: goal.map { UInt32(clamping: $0) }
        )
        send(.untagged(StatusResponse(.ok, .inProgress(progress), "Still at work")))
        if waits { try await connection.flush() } else { try connection.flushWithoutWaiting() }
    }

    /// Waits for work of which nothing is known before it is done, and tells the client of it meanwhile.
    ///
    /// - Parameters:
    ///   - waits: as of `tellProgress`: false where others wait for what the work results in.
    ///   - work: is given what says, at any time, whether its client is still there.
    func waiting<Result: Sendable>(
        waits: Bool = true,
        for work: @escaping @Sendable (_ isWanted: @escaping @Sendable () -> Bool) async throws -> Result
    ) async throws -> Result {
        let (isWanted, isDone) = (Lock(true), Lock(false))
        let notifier = connection.notifier
        defer { isWanted.withLock { $0 = false } }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask {
                defer {
                    isDone.withLock { $0 = true }
                    notifier.notify()
                }
                return try await work { isWanted.withLock { $0 } }
            }
            do {
                while !isDone.withLock({ $0 }) {
                    await connection.waitForNotice(atMost: Self.look)
                    if connection.isAbandoned { isWanted.withLock { $0 = false } }
                    try await tellProgress(waits: waits)
                }
            } catch {
                isWanted.withLock { $0 = false }
                throw error
            }
            guard let result = try await group.next() else { throw IOError.closed }
            return result
        }
    }
}
