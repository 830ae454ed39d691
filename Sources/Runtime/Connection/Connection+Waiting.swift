// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

/// Why a wait ended.
enum Wake {
    case ready
    case timedOut
    case shutdown
    case notified
}

/// Where a connection stands with the loop.
///
/// Safe: the continuation and the partner are used on the loop's thread only, and cleared before they are resumed or
/// closed.
@safe
struct WaitState {
    /// Events the poll handle is armed for.
    var armed: Int32 = 0
    /// Events the parked task waits for; 0 when none is parked.
    var awaited: Int32 = 0
    var continuation: UnsafeContinuation<Wake, Never>?
    /// The other connection that the same task waits for.
    unowned(unsafe) var partner: Connection?
    /// Whether a read may find something: false when the last one found all there was, until the loop tells of more.
    private(set) var mayHaveInput = true
    /// The stream has ended, or the loop has seen an error: only reads find out, as often as they are asked.
    private var isOver = false
    var listensForNotices = false
    var hasNotice = false
    var shutdownRequested = false
    var dueAt: UInt64 = .max
    var timerDueAt: UInt64 = .max
    var timerClosed = false

    /// A read has found all there was.
    mutating func noteEmpty() { mayHaveInput = isOver }

    /// There may be more.
    mutating func noteInput() { mayHaveInput = true }

    /// Whatever there is to be told was told, if not to everybody who reads.
    mutating func noteEnd() { (isOver, mayHaveInput) = (true, true) }
}

let readable = Int32(UV_READABLE.rawValue)
let writable = Int32(UV_WRITABLE.rawValue)
/// Stands for events where a task waits for none of the descriptor's.
private let noticesOnly: Int32 = 1 << 30

extension Connection {
    /// Parks the task until one of `events`, a time-out, shutdown, or (when asked for) a notice.
    func park(for events: Int32, noticing: Bool = false, until latest: ContinuousClock.Instant? = nil) async -> Wake {
        if let early = wakeBeforeParking(events, noticing) { return early }
        input.rest()
        return await unsafe withUnsafeContinuation { continuation in
            unsafe prepareToPark(continuation, events, noticing, latest)
            // Making the continuation may let other work of the loop go first, which found nobody parked.
            if let early = wakeBeforeParking(events, noticing) { resume(early) }
        }
    }

    /// Sticky reasons that make a wait end before it begins.
    func wakeBeforeParking(_ events: Int32, _ noticing: Bool) -> Wake? {
        if wait.shutdownRequested, !defersShutdown, events & readable != 0 { return .shutdown }
        if noticing, wait.hasNotice {
            wait.hasNotice = false
            return .notified
        }
        if let deadline, deadline <= .now { return .timedOut }
        return nil
    }

    func prepareToPark(
        _ continuation: UnsafeContinuation<Wake, Never>,
        _ events: Int32,
        _ noticing: Bool,
        _ latest: ContinuousClock.Instant?
    ) {
        unsafe wait.continuation = continuation
        wait.awaited = events
        wait.listensForNotices = noticing
        arm(events)
        armTimer(latest)
    }

    /// Waits until the connection's notifier was poked, or for so long; true when it was poked.
    ///
    /// What the peer does is not looked at.
    @discardableResult
    package func waitForNotice(atMost duration: Duration) async -> Bool {
        let latest = ContinuousClock.now + duration
        let wake = await unsafe withUnsafeContinuation { continuation in
            unsafe wait.continuation = continuation
            wait.awaited = noticesOnly
            wait.listensForNotices = true
            armTimer(latest)
            if wait.hasNotice { notice() }
        }
        guard case .notified = wake else { return false }
        return true
    }

    private func arm(_ events: Int32) {
        guard isOpen, wait.armed & events != events || wait.armed & ~events & writable != 0 else { return }
        wait.armed = events
        unsafe uv_poll_start(poll, events) { handle, status, events in
            guard let data = unsafe handle?.pointee.data else { return }
            let connection = unsafe Unmanaged<Connection>.fromOpaque(data).takeUnretainedValue()
            if status < 0 { connection.broke() } else { connection.polled(events) }
        }
    }

    /// The loop saw events on the descriptor.
    private func polled(_ events: Int32) {
        if events & readable != 0 { wait.noteInput() }
        if wait.awaited & events & (readable | writable) != 0 {
            resume(.ready)
        } else {
            // Nobody waits for it: do not be told again until somebody does.
            wait.armed = 0
            unsafe uv_poll_stop(poll)
        }
    }

    /// The loop saw an error on the descriptor, of which libuv takes its hands then; there may be octets before it.
    private func broke() {
        wait.armed = 0
        wait.noteEnd()
        if wait.awaited & (readable | writable) != 0 { resume(.ready) }
    }

    private func armTimer(_ latest: ContinuousClock.Instant?) {
        var limit = idleTimeout
        if let deadline { limit = min(limit, ContinuousClock.now.duration(to: deadline)) }
        if let latest { limit = min(limit, ContinuousClock.now.duration(to: latest)) }
        let now = unsafe uv_now(loop.uv)
        let due = now &+ max(limit.wholeMilliseconds, 1)
        wait.dueAt = due
        // An armed timer that fires too early arms itself again, so waits that end soon cost no timer call.
        guard wait.timerDueAt > due else { return }
        startTimer(at: due, now: now)
    }

    private func startTimer(at due: UInt64, now: UInt64) {
        wait.timerDueAt = due
        unsafe uv_timer_start(
            timer,
            { timer in
                guard let data = unsafe timer?.pointee.data else { return }
                unsafe Unmanaged<Connection>.fromOpaque(data).takeUnretainedValue().timerFired()
            },
            due > now ? due - now : 0,
            0
        )
    }

    private func timerFired() {
        wait.timerDueAt = .max
        guard wait.awaited != 0 else { return }
        let now = unsafe uv_now(loop.uv)
        if now >= wait.dueAt {
            resume(.timedOut)
        } else {
            startTimer(at: wait.dueAt, now: now)
        }
    }

    func resume(_ reason: Wake) {
        guard let continuation = unsafe wait.continuation else { return }
        unpark()
        if let partner = unsafe wait.partner {
            unsafe wait.partner = nil
            unsafe partner.wait.partner = nil
            partner.unpark()
        }
        unsafe continuation.resume(returning: reason)
    }

    private func unpark() {
        unsafe wait.continuation = nil
        wait.awaited = 0
        wait.listensForNotices = false
    }

    /// The notifier was poked.
    func notice() {
        wait.hasNotice = true
        guard wait.listensForNotices else { return }
        wait.hasNotice = false
        resume(.notified)
    }

    /// The loop drains.
    func requestShutdown() {
        wait.shutdownRequested = true
        guard wait.awaited & readable != 0, !defersShutdown else { return }
        resume(.shutdown)
    }
}

extension Connection {
    /// Waits until at least one of two connections of the same loop can be read (or has ended), and says which.
    ///
    /// The longer of the two idle time-outs holds. Throws as any wait does.
    package static func waitForEither(
        _ a: Connection,
        _ b: Connection
    ) async throws(IOError) -> (a: Bool, b: Bool) {
        if let buffered = try await waitForAny(a, b) { return buffered }
        return (a.isReadableNow, b.isReadableNow)
    }

    /// As above, but says which only when there was nothing to wait for; otherwise `readArrived` tells.
    @discardableResult
    package static func waitForAny(
        _ a: Connection,
        _ b: Connection
    ) async throws(IOError) -> (a: Bool, b: Bool)? {
        try await a.flush()
        try await b.flush()
        let buffered = (a: try a.hasInput(), b: try b.hasInput())
        if buffered.a || buffered.b { return buffered }
        if let early = a.wakeBeforeParking(readable, false) ?? b.wakeBeforeParking(readable, false) {
            throw early.error
        }
        a.input.rest()
        b.input.rest()
        let wake = await unsafe withUnsafeContinuation { continuation in
            unsafe a.wait.partner = b
            unsafe b.wait.partner = a
            unsafe a.prepareToPark(continuation, readable, false, nil)
            unsafe b.prepareToPark(continuation, readable, false, nil)
            a.wait.dueAt = max(a.wait.dueAt, b.wait.dueAt)
            b.wait.dueAt = a.wait.dueAt
            if let early = a.wakeBeforeParking(readable, false) ?? b.wakeBeforeParking(readable, false) {
                a.resume(early)
            }
        }
        guard case .ready = wake else { throw wake.error }
        return nil
    }

    /// Whether a read would give something without waiting.
    ///
    /// zlib may hold octets, and OpenSSL a whole record of which the descriptor will not tell, or a part of one, which is nothing yet:
    /// only trying tells them apart.
    private func hasInput() throws(IOError) -> Bool {
        guard input.isEmpty else { return true }
        guard hasPending else { return false }
        return switch try receive() {
        case .bytes, .end: true
        case .wantsRead, .wantsWrite: false
        }
    }

    private var isReadableNow: Bool {
        var descriptor = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&descriptor, 1, 0) > 0
    }
}

extension Wake {
    /// The error of a wait that did not end with what was waited for.
    var error: IOError {
        switch self {
        case .timedOut: .timedOut
        case .shutdown: .shutdown
        case .ready, .notified: .closed
        }
    }
}
