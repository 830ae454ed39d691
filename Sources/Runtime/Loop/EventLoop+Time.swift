// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV

/// A task that sleeps on a loop.
@safe
final class Sleeper {
    let continuation: UnsafeContinuation<Bool, Never>
    let timer: UnsafeMutablePointer<uv_timer_t>
    unowned let loop: EventLoop
    let key: UInt64

    init(_ continuation: UnsafeContinuation<Bool, Never>, loop: EventLoop, key: UInt64) {
        unsafe self.continuation = continuation
        self.loop = loop
        self.key = key
        unsafe timer = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.uv, timer)
        unsafe timer.pointee.data = Unmanaged.passUnretained(self).toOpaque()
    }

    /// Ends the sleep: `true` when it was slept to its end.
    func end(_ slept: Bool) {
        loop.confined.sleepers[key] = nil
        unsafe closeHandle(timer)
        unsafe continuation.resume(returning: slept)
    }
}

/// Closes a libuv handle and frees its memory when libuv lets go of it.
func closeHandle<Handle>(_ handle: UnsafeMutablePointer<Handle>) {
    let plain = unsafe UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    unsafe uv_close(plain) { closed in unsafe UnsafeMutableRawPointer(closed)?.deallocate() }
}

extension EventLoop {
    /// Suspends the calling task, which must run on this loop.
    ///
    /// Throws `.shutdown` when the loop drains meanwhile.
    package func sleep(for duration: Duration) async throws(IOError) {
        precondition(isCurrent, "sleep on another loop's thread")
        let slept = await unsafe withUnsafeContinuation { continuation in
            // Looked at here: other work of the loop can run before the continuation is made.
            guard !confined.isDraining else { return unsafe continuation.resume(returning: false) }
            let key = takeKey()
            let sleeper = unsafe Sleeper(continuation, loop: self, key: key)
            confined.sleepers[key] = sleeper
            unsafe uv_timer_start(
                sleeper.timer,
                { timer in
                    guard let data = unsafe timer?.pointee.data else { return }
                    unsafe Unmanaged<Sleeper>.fromOpaque(data).takeUnretainedValue().end(true)
                },
                duration.wholeMilliseconds,
                0
            )
        }
        if !slept { throw .shutdown }
    }

    /// Has every connection of this loop throw `.shutdown` at its next wait for input, and every sleeper wake with it.
    ///
    /// Runs on the loop's thread; sticky for connections made later.
    package func shutdownConnections() {
        confined.isDraining = true
        let open = unsafe confined.connections.values.map { unsafe $0.takeUnretainedValue() }
        for connection in open { connection.requestShutdown() }
        for sleeper in Array(confined.sleepers.values) { sleeper.end(false) }
    }

    func takeKey() -> UInt64 {
        confined.nextKey += 1
        return confined.nextKey
    }
}

extension Duration {
    /// Rounded up, 0 to 2^53.
    package var wholeMilliseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let milliseconds = UInt64(min(seconds, 1 << 43)) * 1000
        return milliseconds + UInt64((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
