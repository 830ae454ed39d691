// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc
internal import Locking

/// One thread that waits for descriptors and timers (libuv) and runs the Swift tasks that prefer it.
///
/// It is a `TaskExecutor` (start sessions with `Task(executorPreference: loop)`); an actor that lives here returns
/// `loop.asUnownedSerialExecutor()` as its `unownedExecutor`.
@safe
package final class EventLoop: TaskExecutor, @unchecked Sendable {
    // Safe to share: `uv`, `ready` and what `confined` holds are touched by the loop's thread only, after `run` began;
    // `inbox` is locked; `uv_async_send` may be called from any thread.
    package let name: String
    let uv: UnsafeMutablePointer<uv_loop_t>
    private let wakeUp: UnsafeMutablePointer<uv_async_t>
    private let inbox = Lock(Inbox())
    private var ready: [LoopJob] = []
    private var spare: [LoopJob] = []
    private let isolation = LoopIsolation()
    /// Whether libuv has the thread.
    private var isInUV = false
    var confined = ConfinedState()

    /// Work that other threads hand in.
    private struct Inbox {
        var jobs: [LoopJob] = []
        var bodies: [@Sendable () -> Void] = []
        var isStopping = false
        var isReleased = false
        var wakeUpSent = false
    }

    /// What only the loop's own thread touches.
    @safe
    struct ConfinedState {
        var nextKey: UInt64 = 1
        var connections: [UInt64: Unmanaged<Connection>] = unsafe [:]
        var sleepers: [UInt64: Sleeper] = [:]
        var isDraining = false
        var scratch: UnsafeMutableRawBufferPointer
        init() { unsafe scratch = .allocate(byteCount: EventLoop.scratchOctets, alignment: 16) }
    }

    /// Size of the buffer that all connections of a loop read into, before what came is kept by the one it is for.
    static let scratchOctets = 64 * 1024

    /// OpenSSL writes to sockets with `write`, which raises SIGPIPE when the peer is gone; an error is wanted instead.
    private static let brokenPipesAreErrors: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    package init(name: String) {
        _ = EventLoop.brokenPipesAreErrors
        self.name = name
        unsafe uv = .allocate(capacity: 1)
        unsafe wakeUp = .allocate(capacity: 1)
        // libuv fails here only for want of memory or descriptors, at start-up.
        guard unsafe uv_loop_init(uv) == 0, unsafe uv_async_init(uv, wakeUp, { _ in }) == 0 else {
            fatalError("cannot make an event loop: out of descriptors")
        }
        unsafe isolation.loop = self
    }

    // MARK: Running

    private static let currentKey: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        return key
    }()

    /// The loop of the calling thread.
    package static var current: EventLoop? {
        guard let raw = unsafe pthread_getspecific(currentKey) else { return nil }
        return unsafe Unmanaged<EventLoop>.fromOpaque(raw).takeUnretainedValue()
    }

    package var isCurrent: Bool { EventLoop.current === self }

    /// Runs the loop on a new thread, which ends after `stop`.
    package func start() {
        Threads.start(name: name) { self.runOnThisThread() }
    }

    /// Runs the loop here until `stop`.
    ///
    /// A loop that was stopped cannot run again.
    package func runOnThisThread() {
        unsafe pthread_setspecific(EventLoop.currentKey, Unmanaged.passUnretained(self).toOpaque())
        while !takeInbox() || !ready.isEmpty {
            runReadyJobs()
            isInUV = true
            _ = unsafe uv_run(uv, ready.isEmpty && !hasInbox ? UV_RUN_ONCE : UV_RUN_NOWAIT)
            isInUV = false
        }
        release()
        pthread_setspecific(EventLoop.currentKey, nil)
    }

    /// Gives the loop's descriptors back.
    ///
    /// What other threads still hand in is dropped.
    private func release() {
        inbox.withLock { $0.isReleased = true }
        unsafe closeHandle(wakeUp)
        for _ in 0..<2 { unsafe uv_run(uv, UV_RUN_NOWAIT) }
        unsafe confined.scratch.deallocate()
        guard unsafe uv_loop_close(uv) == 0 else { return }
        unsafe uv.deallocate()
    }

    /// Ends the loop once what is ready has run.
    ///
    /// From any thread.
    package func stop() {
        send { $0.isStopping = true }
    }

    private var hasInbox: Bool { inbox.withLock { !$0.jobs.isEmpty || !$0.bodies.isEmpty || $0.isStopping } }

    /// Takes what other threads handed in; true when the loop is to stop.
    private func takeInbox() -> Bool {
        let (jobs, bodies, isStopping) = inbox.withLock { inbox in
            let taken = (inbox.jobs, inbox.bodies, inbox.isStopping)
            inbox.jobs.removeAll(keepingCapacity: true)
            inbox.bodies.removeAll(keepingCapacity: true)
            inbox.wakeUpSent = false
            return taken
        }
        ready.append(contentsOf: jobs)
        for body in bodies { body() }
        return isStopping
    }

    /// How long jobs that others make ready are run before descriptors have their turn.
    ///
    /// A task that goes from a session to an account and back is ready anew each time, and asking the kernel in between
    /// would cost more than the way.
    private static let roundNanoseconds: UInt64 = 200_000

    private func runReadyJobs() {
        guard !ready.isEmpty else { return }
        let end = uv_hrtime() + Self.roundNanoseconds
        repeat {
            swap(&ready, &spare)
            for job in spare { run(job) }
            spare.removeAll(keepingCapacity: true)
        } while !ready.isEmpty && uv_hrtime() < end
    }

    /// Each job as what it was handed in for: a task that is in no actor, and is told to be in one, would be set aside at
    /// once to leave it.
    private func run(_ job: LoopJob) {
        if job.isOfActor {
            unsafe job.job.runSynchronously(
                isolatedTo: asUnownedSerialExecutor(),
                taskExecutor: asUnownedTaskExecutor()
            )
        } else {
            unsafe job.job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    // MARK: Executors

    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(LoopJob(job: UnownedJob(job), isOfActor: false))
    }

    fileprivate func enqueue(_ job: LoopJob) {
        if isCurrent {
            ready.append(job)
            // Timers that are due already fire before the wait for descriptors, which would then begin all the same.
            if isInUV { unsafe uv_stop(uv) }
        } else {
            send { $0.jobs.append(job) }
        }
    }

    /// For actors that live on this loop, and not longer than it.
    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: isolation)
    }

    /// Runs `body` on the loop, soon.
    ///
    /// From any thread.
    package func execute(_ body: @escaping @Sendable () -> Void) {
        send { $0.bodies.append(body) }
    }

    private func send(_ change: (inout Inbox) -> Void) {
        inbox.withLock { inbox in
            guard !inbox.isReleased else { return }
            change(&inbox)
            if !inbox.wakeUpSent { unsafe uv_async_send(wakeUp) }
            inbox.wakeUpSent = true
        }
    }
}

/// A job of a loop, and whether it is of an actor that lives there.
private struct LoopJob {
    let job: UnownedJob
    let isOfActor: Bool
}

/// A loop as actors know it.
@safe
private final class LoopIsolation: SerialExecutor, @unchecked Sendable {
    // Safe: set before anybody else has the loop, which keeps this as long as it lives.
    unowned(unsafe) var loop: EventLoop?

    func enqueue(_ job: consuming ExecutorJob) {
        let job = LoopJob(job: UnownedJob(job), isOfActor: true)
        unsafe loop?.enqueue(job)
    }

    func checkIsolated() {
        guard let loop = unsafe loop else { return }
        precondition(loop.isCurrent, "must run on event loop \(loop.name)")
    }

    func isIsolatingCurrentContext() -> Bool? { unsafe loop?.isCurrent }
}
