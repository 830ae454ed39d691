// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime

/// Much that is worked on away from the event loop, and let go there too: to free what 100,000 messages are put in order
/// by takes longer than a turn on the loop.
final class HandedOver<Element: Sendable>: Sendable {
    private let held: Lock<[Element]>

    init(_ elements: consuming [Element]) { held = Lock(elements) }

    /// Does the work on a blocking thread; once.
    func run<Result: Sendable>(_ work: @escaping @Sendable ([Element]) -> Result) async -> Result {
        await BlockingPool.shared.run { [held] () -> Result in
            let elements = held.withLock { held in
                defer { held = [] }
                return held
            }
            return work(elements)
        }
    }
}
