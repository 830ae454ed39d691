// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime
internal import Testing

@Suite struct BlockingPoolTests {
    @Test func `What is run comes back, on few threads`() async {
        let pool = BlockingPool(name: "pool", threads: 2)
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<200 { group.addTask { await pool.run { number } } }
            var sum = 0
            for await number in group { sum += number }
            #expect(sum == 199 * 100)
        }
    }

    @Test func `Without any thread the caller does the work`() async {
        let pool = BlockingPool(name: "pool", threads: 2) { _, _ in false }
        for number in 0..<10 { #expect(await pool.run { number } == number) }
    }

    @Test func `When no more threads are to be had, those there are do the work`() async {
        let left = Lock(1)
        let pool = BlockingPool(name: "pool", threads: 8) { name, body in
            let mayStart = left.withLock { left in
                defer { left -= 1 }
                return left > 0
            }
            return mayStart && Threads.tryStart(name: name, body)
        }
        await withTaskGroup(of: Int.self) { group in
            for number in 0..<100 { group.addTask { await pool.run { number } } }
            var seen = Set<Int>()
            for await number in group { seen.insert(number) }
            #expect(seen.count == 100)
        }
    }
}
