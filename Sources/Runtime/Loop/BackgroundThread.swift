// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// One thread for work that is never urgent: it gets what others leave of the processor.
///
/// Work comes to it without a lock. A thread that gets a thirtieth of a core may be kept from going on for a long time
/// wherever it stands; with a lock in its hand it would hold up whoever brings work, and that may be an event loop.
@safe
package final class BackgroundThread: @unchecked Sendable {
    /// In a list by way of `next`, the last one to come first.
    private final class Work {
        let run: @Sendable () -> Void
        /// Address of the one that came before; 0 for none.
        var next: UInt64 = 0

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    // Safe to share: both words are read and exchanged in one step each. A node belongs to who made it until it is in
    // the list, and then to who takes the list.
    private let list = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private let isStarted = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
    private let wake = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let name: String
    private let niceness: Int32
    private let startThread: @Sendable (String, @escaping @Sendable () -> Void) -> Bool

    /// The thread is started when it is first needed, and stays as long as the process.
    ///
    /// - Parameters:
    ///   - niceness: 0 to 19; with 15 it gets a thirtieth of what one with 0 gets when both want a core.
    ///   - startThread: for tests: false means that the system has no thread.
    package init(
        name: String,
        niceness: Int32,
        startThread: @escaping @Sendable (String, @escaping @Sendable () -> Void) -> Bool = Threads.tryStart
    ) {
        self.name = name
        self.niceness = niceness
        self.startThread = startThread
        unsafe list.initialize(to: 0)
        unsafe isStarted.initialize(to: 0)
        unsafe wake.initialize(to: sem_t())
        unsafe sem_init(wake, 0, 0)
    }

    deinit {
        // The thread holds on to this: there is none, and nothing is in the list.
        unsafe sem_destroy(wake)
        unsafe wake.deallocate()
        unsafe isStarted.deallocate()
        unsafe list.deallocate()
    }

    /// Suspends the caller, runs the closure on the thread after those that came before it, and resumes the caller on
    /// its own executor.
    package func run<Success: Sendable>(
        _ body: @escaping @Sendable () throws -> Success
    ) async throws -> Success {
        try await unsafe withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Success, any Error>) in
            submit { unsafe continuation.resume(with: Result(catching: body)) }
        }
    }

    /// As `run`, for closures that do not throw.
    package func run<Success: Sendable>(_ body: @escaping @Sendable () -> Success) async -> Success {
        await unsafe withUnsafeContinuation { (continuation: UnsafeContinuation<Success, Never>) in
            submit { unsafe continuation.resume(returning: body()) }
        }
    }

    private func submit(_ body: @escaping @Sendable () -> Void) {
        let work = Work(body)
        let address = unsafe UInt64(UInt(bitPattern: Unmanaged.passRetained(work).toOpaque()))
        repeat { work.next = unsafe CLinux_load64(list) } while unsafe !CLinux_exchange64(list, work.next, address)
        if start() { unsafe sem_post(wake) } else { runAll() }
    }

    /// False when the system has no thread to give; the caller then does the work.
    private func start() -> Bool {
        // Either this sees that a start has failed, or who failed sees what was just put into the list.
        CLinux_fence()
        if unsafe CLinux_load64(isStarted) == 1 { return true }
        guard unsafe CLinux_exchange64(isStarted, 0, 1) else { return true }
        if startThread(name, { self.serve() }) { return true }
        unsafe CLinux_store64(isStarted, 0)
        CLinux_fence()
        return false
    }

    private func serve() {
        // By Linux of the calling thread alone.
        if niceness > 0 { setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
        while true {
            while unsafe sem_wait(wake) != 0 {}
            runAll()
        }
    }

    /// Takes the list and runs what is in it, in the order in which it came.
    private func runAll() {
        var address: UInt64
        repeat {
            address = unsafe CLinux_load64(list)
        } while unsafe address != 0 && !CLinux_exchange64(list, address, 0)
        var taken: [Work] = []
        while let pointer = unsafe UnsafeRawPointer(bitPattern: UInt(address)) {
            let work = unsafe Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
            address = work.next
            taken.append(work)
        }
        for work in taken.reversed() { work.run() }
    }
}
