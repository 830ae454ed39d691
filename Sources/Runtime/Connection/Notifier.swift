// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// Pokes a connection's session from any thread: its `nextInput` returns `.notified`, once for any number of pokes.
package struct Notifier: Sendable {
    let loop: EventLoop
    let key: UInt64
    private let isPending = Lock(false)

    init(loop: EventLoop, key: UInt64) {
        self.loop = loop
        self.key = key
    }

    package func notify() {
        let wasPending = isPending.withLock { pending in
            defer { pending = true }
            return pending
        }
        guard !wasPending else { return }
        loop.execute { [loop, key, isPending] in
            isPending.withLock { $0 = false }
            unsafe loop.confined.connections[key]?.takeUnretainedValue().notice()
        }
    }
}
