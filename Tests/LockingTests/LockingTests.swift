// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import Testing

@Suite("A value behind a lock")
struct LockingTests {
    private struct Refusal: Error {}

    @Test("Changes by many tasks at once are all there, each made alone")
    func aloneWithTheValue() async {
        let lock = Lock((count: 0, inside: 0, mostInside: 0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        lock.withLock { value in
                            value.inside += 1
                            value.mostInside = max(value.mostInside, value.inside)
                            value.count += 1
                            value.inside -= 1
                        }
                    }
                }
            }
        }
        let (count, mostInside) = lock.withLock { ($0.count, $0.mostInside) }
        #expect(count == 80_000)
        #expect(mostInside == 1)
    }

    @Test("A body that throws leaves the lock open, and what it changed")
    func throwing() {
        let lock = Lock([1])
        #expect(throws: Refusal.self) {
            try lock.withLock { (value: inout [Int]) throws(Refusal) in
                value.append(2)
                throw Refusal()
            }
        }
        #expect(lock.withLock { $0 } == [1, 2])
    }
}
