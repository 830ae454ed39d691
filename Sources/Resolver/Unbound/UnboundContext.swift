// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CUnbound
internal import DNSRecords
internal import Glibc
internal import Locking
internal import Runtime

/// Why libunbound cannot be had.
struct UnboundError: Error, CustomStringConvertible {
    var description: String
}

/// What libunbound said to a question, copied out of its memory.
struct UnboundAnswer: Sendable, Hashable {
    /// The whole message; empty when there is none.
    var message: [UInt8]
    var responseCode: ResponseCode
    var hasData: Bool
    var nameDoesNotExist: Bool
    var isSecure: Bool
    /// Why DNSSEC found it false.
    var bogus: String?
    /// Seconds.
    var ttl: UInt32
}

/// One libunbound, with its cache and its thread.
///
/// Two threads work on it: its own, which speaks to name servers, and one of ours, which waits for its answers and
/// resumes who asked. Questions are put from any thread.
@safe
final class UnboundContext: @unchecked Sendable {
    // Safe to share: `context` never changes, and libunbound locks what its threads share; the rest is locked here.
    private let context: OpaquePointer
    private let forwarders: [TLSForwarder]
    private let state = Lock(State())

    private struct State {
        var waiting: [ObjectIdentifier: Question] = [:]
        /// Questions that libunbound still works on, waited for or not.
        var begun = 0
        var isRetired = false
    }

    /// How a question ended.
    enum Ending: Sendable {
        case answer(UnboundAnswer)
        case failed(String)
    }

    /// Somebody who waits.
    ///
    /// libunbound holds one reference until it calls back; the table of those who wait holds another.
    @safe
    private final class Question: @unchecked Sendable {
        // Safe to share: nothing changes; `continuation` is resumed by who takes it out of the table.
        let owner: UnboundContext
        let deadline: ContinuousClock.Instant
        let continuation: UnsafeContinuation<Ending, Never>

        init(
            _ owner: UnboundContext,
            _ deadline: ContinuousClock.Instant,
            _ continuation: UnsafeContinuation<Ending, Never>
        ) {
            self.owner = owner
            self.deadline = deadline
            unsafe self.continuation = continuation
        }
    }

    /// Pause between looks at the deadlines of those who wait.
    private static let tick: Int32 = 50
    /// And when nobody waits.
    private static let idleTick: Int32 = 1000

    /// Makes one, and starts its threads.
    ///
    /// Runs on an event loop, which then serves what is asked over TLS.
    init(_ configuration: UnboundConfiguration) throws(UnboundError) {
        let forwarders = try Self.forwarders(configuration)
        do throws(UnboundError) {
            unsafe context = try Self.make(configuration, forwarders)
        } catch {
            for forwarder in forwarders.values { forwarder.close() }
            throw error
        }
        self.forwarders = Array(forwarders.values)
        guard Threads.tryStart(name: "dns-answers", { self.takeAnswers() }) else {
            end()
            throw UnboundError(description: "no thread for libunbound")
        }
    }

    private static func forwarders(_ configuration: UnboundConfiguration) throws(UnboundError) -> [NameServer:
        TLSForwarder]
    {
        var forwarders: [NameServer: TLSForwarder] = [:]
        do throws(UnboundError) {
            for server in configuration.tlsServers where forwarders[server] == nil {
                guard let loop = EventLoop.current else { throw UnboundError(description: "no event loop for TLS") }
                forwarders[server] = try TLSForwarder(to: server, authorities: configuration.caFile, loop: loop)
            }
        } catch {
            for forwarder in forwarders.values { forwarder.close() }
            throw error
        }
        return forwarders
    }

    private static func make(
        _ configuration: UnboundConfiguration,
        _ forwarders: [NameServer: TLSForwarder]
    ) throws(UnboundError) -> OpaquePointer {
        guard let made = unsafe ub_ctx_create() else { throw UnboundError(description: "no memory for libunbound") }
        let octets = Array(configuration.text(places: forwarders.mapValues(\.place)).utf8)
        let file = unsafe CLinux_memfd("martlet-resolver", octets.count)
        guard file >= 0 else {
            unsafe ub_ctx_delete(made)
            throw UnboundError(description: "no memory for the configuration")
        }
        defer { close(file) }
        let written = unsafe write(file, octets, octets.count)
        var result = written == octets.count ? unsafe ub_ctx_config(made, "/proc/self/fd/\(file)") : UB_NOMEM.rawValue
        if result == 0 { result = unsafe ub_ctx_async(made, 1) }
        guard result == 0 else {
            let reason = unsafe String(cString: ub_strerror(result))
            unsafe ub_ctx_delete(made)
            throw UnboundError(description: "libunbound: \(reason)")
        }
        return unsafe made
    }

    private func end() {
        for forwarder in forwarders { forwarder.close() }
        unsafe ub_ctx_delete(context)
    }

    /// Takes no more questions, and is freed once those it has are answered.
    func retire() { state.withLock { $0.isRetired = true } }

    /// Asks; the answer comes at `deadline` (and a tick) at the latest.
    func ask(_ question: DNSQuestion, by deadline: ContinuousClock.Instant) async -> Ending {
        await unsafe withUnsafeContinuation { continuation in
            let waiter = unsafe Question(self, deadline, continuation)
            let isTaken = state.withLock { state in
                guard !state.isRetired, state.begun < UnboundConfiguration.maximumQuestions else { return false }
                state.begun += 1
                state.waiting[ObjectIdentifier(waiter)] = waiter
                return true
            }
            guard isTaken else { return unsafe continuation.resume(returning: .failed("too many questions at a time")) }
            // Released by the callback, which comes exactly once, or below when it will not come.
            let reference = unsafe Unmanaged.passRetained(waiter)
            var id: Int32 = 0
            let result = unsafe ub_resolve_async(
                context,
                question.name.isRoot ? "." : "\(question.name).",
                Int32(question.type.rawValue),
                Int32(question.recordClass),
                reference.toOpaque(),
                { context, error, result in unsafe UnboundContext.answered(context, error, result) },
                &id
            )
            guard result != 0 else { return }
            unsafe reference.release()
            end(waiter, .failed(unsafe String(cString: ub_strerror(result))))
        }
    }

    // MARK: On the thread that takes answers

    private static func answered(
        _ raw: UnsafeMutableRawPointer?,
        _ error: Int32,
        _ result: UnsafeMutablePointer<ub_result>?
    ) {
        guard let raw = unsafe raw else { return }
        let waiter = unsafe Unmanaged<Question>.fromOpaque(raw).takeRetainedValue()
        let ending: Ending
        if error == 0, let result = unsafe result {
            ending = .answer(unsafe UnboundAnswer(result.pointee))
        } else {
            ending = .failed(unsafe String(cString: ub_strerror(error)))
        }
        unsafe ub_resolve_free(result)
        waiter.owner.end(waiter, ending)
    }

    /// libunbound is done with a question.
    private func end(_ waiter: Question, _ ending: Ending) {
        let isWaitedFor = state.withLock { state in
            state.begun -= 1
            return state.waiting.removeValue(forKey: ObjectIdentifier(waiter)) != nil
        }
        if isWaitedFor { unsafe waiter.continuation.resume(returning: ending) }
    }

    private func takeAnswers() {
        var descriptor = pollfd(fd: unsafe ub_fd(context), events: Int16(POLLIN), revents: 0)
        while true {
            let (isWaitedFor, isOver) = state.withLock { (!$0.waiting.isEmpty, $0.isRetired && $0.begun == 0) }
            guard !isOver else { break }
            if unsafe poll(&descriptor, 1, isWaitedFor ? Self.tick : Self.idleTick) > 0 { unsafe ub_process(context) }
            giveUpLate()
        }
        end()
    }

    /// Those who waited long enough go; libunbound goes on, and what it finds is kept for the next who asks.
    private func giveUpLate() {
        let now = ContinuousClock.now
        let late = state.withLock { state in
            let late = state.waiting.values.filter { $0.deadline <= now }
            for waiter in late { state.waiting[ObjectIdentifier(waiter)] = nil }
            return late
        }
        for waiter in late { unsafe waiter.continuation.resume(returning: .failed("no answer in time")) }
    }
}

extension UnboundAnswer {
    /// Copies what is needed; the result may be freed then.
    fileprivate init(_ result: ub_result) {
        let count = max(0, unsafe Int(result.answer_len))
        if let packet = unsafe result.answer_packet, count > 0 {
            message = unsafe Array(UnsafeRawBufferPointer(start: packet, count: count))
        } else {
            message = []
        }
        responseCode = ResponseCode(unsafe UInt16(clamping: result.rcode))
        hasData = unsafe result.havedata != 0
        nameDoesNotExist = unsafe result.nxdomain != 0
        isSecure = unsafe result.secure != 0
        ttl = unsafe UInt32(clamping: result.ttl)
        bogus = nil
        guard unsafe result.bogus != 0 else { return }
        bogus = unsafe result.why_bogus.map { unsafe String(cString: $0) } ?? "no reason given"
    }
}
