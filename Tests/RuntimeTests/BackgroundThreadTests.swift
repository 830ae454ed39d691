// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking
internal import Runtime
internal import Testing

@Suite(.timeLimit(.minutes(20))) struct BackgroundThreadTests {
    private struct Failure: Error {}

    @Test func `What is run comes back, from one thread of low priority`() async throws {
        let thread = BackgroundThread(name: "background", niceness: 15)
        let seen = Lock<Set<pthread_t>>([])
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<500 {
                group.addTask {
                    await thread.run {
                        seen.withLock { _ = $0.insert(pthread_self()) }
                        return number
                    }
                }
            }
            var sum = 0
            for await number in group { sum += number }
            #expect(sum == 499 * 250)
        }
        #expect(seen.withLock { $0.count } == 1)
        let niceness = await thread.run { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
        #expect(niceness == 15)
        await #expect(throws: Failure.self) { try await thread.run { () throws -> Void in throw Failure() } }
    }

    @Test func `What one task brings is done in its order, beside what others bring`() async {
        let thread = BackgroundThread(name: "background", niceness: 0)
        let done = Lock<[[Int]]>([[], [], [], []])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask {
                    for number in 0..<200 { await thread.run { done.withLock { $0[task].append(number) } } }
                }
            }
        }
        #expect(done.withLock { $0.allSatisfy { $0 == Array(0..<200) } })
    }

    @Test func `Without a thread the caller does the work, until there is one`() async {
        let left = Lock(5)
        let thread = BackgroundThread(name: "background", niceness: 0) { name, body in
            let mayStart = left.withLock { left in
                left -= 1
                return left < 0
            }
            return mayStart && Threads.tryStart(name: name, body)
        }
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { await thread.run { number } } }
            var seen = Set<Int>()
            for await number in group { seen.insert(number) }
            #expect(seen.count == 100)
        }
    }
}
