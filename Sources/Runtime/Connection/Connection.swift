// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

/// A stream to a peer, over TCP, a Unix socket or TLS on either.
///
/// Made, used and closed by one task on one loop.
///
/// Reading waits at most `idleTimeout`, and never past `deadline`. Writes gather in a buffer; every wait for input
/// flushes it first. When a flush fails, what was gathered is lost, and nothing is sent any more. The owner of the task
/// closes it (a `Listener` does that for its handlers).
@safe
package final class Connection {
    package let loop: EventLoop
    /// Who calls: the other end, or the client for which a trusted proxy says that it calls.
    package internal(set) var peer: SocketAddress
    package let local: SocketAddress
    /// Longest wait for input, and for the peer to take output.
    ///
    /// 5 minutes unless set.
    package var idleTimeout: Duration = .seconds(300)
    /// No wait goes past this moment.
    package var deadline: ContinuousClock.Instant?
    /// While true, a draining loop does not interrupt this connection: set it around what must be finished.
    package var defersShutdown = false
    /// What TLS agreed on; `nil` in the clear.
    package internal(set) var tls: TLSFacts?

    /// Set once both directions are compressed.
    var deflate: DeflateLayer?
    var fd: Int32
    let key: UInt64
    var stream: TLSStream?
    var input = InputBuffer()
    /// The last octets, 32 or so, of the line that was too long last: what it announces in a protocol that does.
    package internal(set) var longLineEnd: [UInt8] = []
    static let longLineEndOctets = 32
    /// The first octets of that line, 80 at most: what it is an answer to, or whose.
    package internal(set) var longLineStart: [UInt8] = []
    static let longLineStartOctets = 80
    var output: [UInt8] = []
    /// A part of what was gathered has left, and the rest never will: nothing that could follow would be understood.
    var isOutputCut = false
    var wait = WaitState()
    let poll: UnsafeMutablePointer<uv_poll_t>
    let timer: UnsafeMutablePointer<uv_timer_t>

    /// Takes over `fd`, a non-blocking stream socket.
    ///
    /// Runs on `loop`.
    package init(fd: Int32, loop: EventLoop, peer: SocketAddress) {
        precondition(loop.isCurrent, "a connection is made on its own loop")
        self.fd = fd
        self.loop = loop
        self.peer = peer
        local = localAddress(of: fd) ?? .unix
        key = loop.takeKey()
        unsafe poll = .allocate(capacity: 1)
        unsafe timer = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.uv, timer)
        let isPollable = unsafe uv_poll_init(loop.uv, poll, fd) == 0
        let context = unsafe Unmanaged.passUnretained(self)
        unsafe poll.pointee.data = context.toOpaque()
        unsafe timer.pointee.data = context.toOpaque()
        unsafe loop.confined.connections[key] = context
        if !isPollable {
            unsafe poll.deallocate()
            self.fd = -1
            Glibc.close(fd)
        }
        if case .unix = peer {} else { setOption(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }
        wait.shutdownRequested = loop.confined.isDraining
    }

    deinit { release() }

    /// A handle with which other tasks and threads poke this connection's session.
    package private(set) lazy var notifier = Notifier(loop: loop, key: key)

    package var isOpen: Bool { fd >= 0 }

    /// True when the connection is broken, or its peer has closed it both ways: nobody reads what would be written.
    ///
    /// Asks the kernel, and never waits. A peer that has ended its own side only is still there.
    package var isAbandoned: Bool {
        guard isOpen else { return true }
        var state = pollfd(fd: fd, events: 0, revents: 0)
        guard unsafe Glibc.poll(&state, 1, 0) > 0 else { return false }
        return Int32(state.revents) & Int32(POLLHUP | POLLERR) != 0
    }

    /// Sends what is gathered (waiting at most 10 seconds), tells the peer that nothing more comes, and closes.
    package func close() async {
        guard isOpen else { return }
        idleTimeout = min(idleTimeout, .seconds(10))
        deadline = nil
        defersShutdown = true
        let flushed: Void? = try? await flush()
        if flushed != nil {
            stream?.shutdown()
            await linger()
        }
        release()
    }

    /// Most that is read and dropped of a peer that still sends, and how long it is listened to.
    private static let lingerOctets = 1 << 20
    private static let lingerTime: Duration = .milliseconds(500)

    /// Closing a socket with unread input makes the kernel reset the connection, and the peer may never see what was
    /// sent last: the reason why it is being closed.
    ///
    /// So input is read off first.
    private func linger() async {
        Glibc.shutdown(fd, Int32(SHUT_WR))
        let limit = ContinuousClock.now + Self.lingerTime
        let scratch = unsafe loop.confined.scratch
        var dropped = input.count
        while dropped < Self.lingerOctets {
            let count = unsafe recv(fd, scratch.baseAddress, scratch.count, 0)
            if count > 0 {
                dropped += count
            } else if count == 0 || (errno != EAGAIN && errno != EINTR) || dropped == 0 {
                return
            } else if errno == EAGAIN {
                guard case .ready = await park(for: readable, until: limit) else { return }
            }
        }
    }

    /// Closes at once; what is gathered is lost.
    package func abort() {
        output = []
        release()
    }

    private func release() {
        guard fd >= 0 else { return closeTimerOnce() }
        stream = nil
        unsafe loop.confined.connections[key] = nil
        unsafe uv_poll_stop(poll)
        unsafe closeHandle(poll)
        closeTimerOnce()
        Glibc.close(fd)
        fd = -1
    }

    private func closeTimerOnce() {
        guard !wait.timerClosed else { return }
        wait.timerClosed = true
        unsafe loop.confined.connections[key] = nil
        unsafe uv_timer_stop(timer)
        unsafe closeHandle(timer)
    }
}

/// Bytes read and not yet consumed.
struct InputBuffer {
    var bytes: [UInt8] = []
    var start = 0
    /// Up to where no LF was found yet.
    var scanned = 0

    var count: Int { bytes.count - start }
    var isEmpty: Bool { start == bytes.count }

    mutating func consume(_ count: Int) {
        start += min(max(count, 0), self.count)
        scanned = max(scanned, start)
        if start == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 16 * 1024)
            (start, scanned) = (0, 0)
        } else if start > 64 * 1024 {
            bytes.removeFirst(start)
            (start, scanned) = (0, scanned - start)
        }
    }

    /// Gives memory back before a wait.
    mutating func rest() {
        if isEmpty { self = InputBuffer() }
    }

    /// Takes the first `count` bytes.
    mutating func take(_ count: Int) -> [UInt8] {
        if start == 0, count == bytes.count {
            let all = bytes
            self = InputBuffer()
            return all
        }
        let taken = Array(bytes[start..<(start + count)])
        consume(count)
        return taken
    }

    /// Offset of the next LF from `start`, looking at most at the first `maximum` bytes.
    mutating func lineEnd(within maximum: Int) -> Int? {
        let from = max(scanned, start)
        let end = start + min(maximum, count)
        guard from < end else { return nil }
        let found = unsafe bytes.withUnsafeBytes { raw -> Int? in
            guard let base = raw.baseAddress else { return nil }
            guard let hit = unsafe memchr(base + from, 0x0A, end - from) else { return nil }
            return unsafe base.distance(to: UnsafeRawPointer(hit))
        }
        if found == nil { scanned = end }
        return found.map { $0 - start }
    }
}
