// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CUV
internal import Glibc
internal import Locking

/// Accepts connections of one listening socket and runs a task for each, on one of its loops in turn.
///
/// Several processes may listen on the same socket. The socket is not the listener's own: it was handed down and
/// outlives it.
@safe
package final class Listener: @unchecked Sendable {
    // Safe to share: `acceptor` is touched on its loop only; counts are locked.
    private struct State {
        var open = 0
        var isStopping = false
        var acceptor: Acceptor?
    }

    private let fd: Int32
    private let loops: [EventLoop]
    private let maximumConnections: Int
    private let refusal: [UInt8]
    private let handler: @Sendable (Connection) async -> Void
    private let state = Lock(State())

    /// - Parameters:
    ///   - loops: at least one; the first one accepts.
    ///   - maximumConnections: above it, a connection gets `refusal` and is closed.
    ///   - handler: runs on the connection's loop; the connection is closed when it returns.
    package init(
        fd: Int32,
        loops: [EventLoop],
        maximumConnections: Int,
        refusal: [UInt8] = [],
        handler: @escaping @Sendable (Connection) async -> Void
    ) {
        self.fd = fd
        self.loops = loops
        self.maximumConnections = maximumConnections
        self.refusal = refusal
        self.handler = handler
    }

    /// Connections whose handlers run.
    package var openCount: Int { state.withLock { $0.open } }

    /// Accepts until `stop`, in a task of its own.
    package func start() {
        guard let loop = loops.first else { return }
        Task(executorPreference: loop) { await self.run() }
    }

    /// Accepts until `stop`, then waits for the handlers that run.
    package func run() async {
        guard let loop = loops.first else { return }
        let (descriptors, acceptor) = Acceptor.accepting(on: fd, loop: loop)
        let isStopped = state.withLock { state in
            state.acceptor = acceptor
            return state.isStopping
        }
        if isStopped { loop.execute { acceptor.stop() } }
        await withDiscardingTaskGroup { group in
            var turn = 0
            for await (descriptor, peer) in descriptors {
                guard admit(descriptor) else { continue }
                let home = loops[turn % loops.count]
                turn &+= 1
                group.addTask(executorPreference: home) { await self.serve(descriptor, peer, on: home) }
            }
        }
    }

    /// Accepts nothing more.
    ///
    /// Connections that are open go on. From any thread.
    package func stop() {
        let acceptor = state.withLock { state in
            state.isStopping = true
            return state.acceptor
        }
        guard let acceptor else { return }
        loops.first?.execute { acceptor.stop() }
    }

    private func serve(_ descriptor: Int32, _ peer: SocketAddress, on loop: EventLoop) async {
        let connection = Connection(fd: descriptor, loop: loop, peer: peer)
        await handler(connection)
        await connection.close()
        state.withLock { $0.open -= 1 }
    }

    private func admit(_ descriptor: Int32) -> Bool {
        let admitted = state.withLock { state in
            guard state.open < maximumConnections else { return false }
            state.open += 1
            return true
        }
        if !admitted {
            _ = unsafe Glibc.send(descriptor, refusal, refusal.count, noSignal)
            Glibc.close(descriptor)
        }
        return admitted
    }
}

/// Polls a listening socket and hands out what it accepts.
@safe
private final class Acceptor: @unchecked Sendable {
    // Safe to share: everything but the continuation is touched on the loop's thread only.
    typealias Accepted = (descriptor: Int32, peer: SocketAddress)

    /// Taken per wake-up, so that other processes on the same socket get their share.
    private static let batch = 8
    /// Pause after the system ran out of descriptors.
    private static let pauseMilliseconds: UInt64 = 100

    private let fd: Int32
    private let loop: EventLoop
    private let continuation: AsyncStream<Accepted>.Continuation
    private var poll: UnsafeMutablePointer<uv_poll_t>?
    private var timer: UnsafeMutablePointer<uv_timer_t>?

    static func accepting(on fd: Int32, loop: EventLoop) -> (AsyncStream<Accepted>, Acceptor) {
        let (stream, continuation) = AsyncStream.makeStream(of: Accepted.self)
        let acceptor = Acceptor(fd: fd, loop: loop, continuation: continuation)
        loop.execute { acceptor.open() }
        return (stream, acceptor)
    }

    private init(fd: Int32, loop: EventLoop, continuation: AsyncStream<Accepted>.Continuation) {
        self.fd = fd
        self.loop = loop
        self.continuation = continuation
    }

    private func open() {
        let poll = UnsafeMutablePointer<uv_poll_t>.allocate(capacity: 1)
        guard unsafe uv_poll_init(loop.uv, poll, fd) == 0 else {
            unsafe poll.deallocate()
            return continuation.finish()
        }
        let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
        unsafe uv_timer_init(loop.uv, timer)
        // Kept alive by the listener until `stop`, which closes both handles.
        unsafe poll.pointee.data = Unmanaged.passUnretained(self).toOpaque()
        unsafe timer.pointee.data = unsafe poll.pointee.data
        unsafe self.poll = poll
        unsafe self.timer = timer
        listen()
    }

    func stop() {
        if let poll = unsafe poll { unsafe closeHandle(poll) }
        if let timer = unsafe timer { unsafe closeHandle(timer) }
        unsafe poll = nil
        unsafe timer = nil
        continuation.finish()
    }

    private func listen() {
        guard let poll = unsafe poll else { return }
        unsafe uv_poll_start(poll, readable) { handle, _, _ in
            guard let data = unsafe handle?.pointee.data else { return }
            unsafe Unmanaged<Acceptor>.fromOpaque(data).takeUnretainedValue().acceptSome()
        }
    }

    private func acceptSome() {
        for _ in 0..<Self.batch {
            var storage = sockaddr_storage()
            var length = UInt32(MemoryLayout<sockaddr_storage>.size)
            let descriptor = unsafe CLinux_accept(fd, &storage, &length)
            if descriptor >= 0 {
                continuation.yield((descriptor, SocketAddress(storage)))
            } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                return pause()
            } else if errno != ECONNABORTED && errno != EINTR {
                return
            }
        }
    }

    /// A level-triggered listener would spin while there is no descriptor to accept with.
    private func pause() {
        guard let poll = unsafe poll, let timer = unsafe timer else { return }
        unsafe uv_poll_stop(poll)
        unsafe uv_timer_start(
            timer,
            { handle in
                guard let data = unsafe handle?.pointee.data else { return }
                unsafe Unmanaged<Acceptor>.fromOpaque(data).takeUnretainedValue().listen()
            },
            Self.pauseMilliseconds,
            0
        )
    }
}
