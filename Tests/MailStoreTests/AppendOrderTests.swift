// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailStore
internal import MailTypes
internal import Runtime
internal import Settings
internal import Testing

@Suite(.timeLimit(.minutes(20))) struct AppendOrderTests {
    @Test func `Messages get their UIDs in the order of the calls, however long their bounds are looked up`()
        async throws
    {
        try await EventLoop.run { loop in
            let calls = Lock(0)
            let store = LoggedMailStore(
                log: MemoryLog(),
                leases: EmbeddedLeases(epoch: 1),
                loops: [loop],
                stagingDirectory: "/tmp",
                settings: LiveSettings(),
                events: .none,
                quota: { _ in
                    // The first take longest.
                    let call = calls.withLock { calls in
                        calls += 1
                        return calls
                    }
                    try? await loop.sleep(for: .milliseconds(max(0, 40 - call)))
                    return .none
                },
                summarize: { _ in [] }
            )
            let account = try await store.account(AccountID(1), deadline: .now + .seconds(5))
            let uids = try await withThrowingTaskGroup(of: (Int, UInt32).self) { group in
                for number in 0..<32 {
                    group.addTask(executorPreference: loop) {
                        let message = StagedOctets([UInt8(number)])
                        let date = MailDate(secondsSince1970: 0)
                        let stored = try await account.append(
                            message,
                            to: .inbox,
                            flags: .none,
                            internalDate: date,
                            delivery: nil
                        )
                        return (number, stored.uid.rawValue)
                    }
                }
                var uids = [UInt32](repeating: 0, count: 32)
                for try await (number, uid) in group { uids[number] = uid }
                return uids
            }
            #expect(uids == Array(1...32))
        }
    }
}
