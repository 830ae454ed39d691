// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Locking

/// The two streams of one long operation: what its caller still sends, and what it answers, step by step.
///
/// The operation runs in a task of its own; its caller is a connection, or the command line in the same process. Both
/// sides wait for one another, so that neither gathers more than a bound.
@safe
package final class AdminExchange: Sendable {
    /// What may wait for the other side, in octets.
    private static let highWater = 256 << 10

    @safe
    private struct State {
        var input: [UInt8] = []
        var inputEnded = false
        var output: [UInt8] = []
        /// The caller has gone, or this process drains.
        var cancellation: AdminError?
        var isFinished = false
        /// Everyone who waits for any change; they look again when they are woken.
        var waiting: [UnsafeContinuation<Void, Never>] = unsafe []
        /// How often something has changed.
        var changes: UInt64 = 0

        /// Something has changed: who is to be told.
        mutating func wake() -> [UnsafeContinuation<Void, Never>] {
            changes += 1
            defer { unsafe waiting = [] }
            return unsafe waiting
        }
    }

    private let state = Lock(State())
    private let onOutput: @Sendable () -> Void

    /// `onOutput` is called, on any thread, when there is something to `take`.
    package init(onOutput: @escaping @Sendable () -> Void = {}) { self.onOutput = onOutput }

    // MARK: The operation's side

    /// Octets of the request's body; `nil` at its end.
    ///
    /// Throws when the caller has gone.
    package func receive() async throws(AdminError) -> [UInt8]? {
        let received = await wait { state -> Result<[UInt8]?, AdminError>? in
            if let error = state.cancellation { return .failure(error) }
            guard state.input.isEmpty else {
                defer { state.input = [] }
                return .success(state.input)
            }
            return state.inputEnded ? .success(nil) : nil
        }
        return try received.get()
    }

    /// Answers with an item and `octets`, and waits while much is under way.
    ///
    /// Throws when the caller has gone.
    package func send(_ head: JSONValue, _ octets: [UInt8] = []) async throws(AdminError) {
        let failure = await wait { state -> AdminError?? in
            if let error = state.cancellation { return .some(error) }
            guard state.output.count < Self.highWater else { return nil }
            state.output += AdminItem.line(head)
            state.output += octets
            return .some(nil)
        }
        if let failure { throw failure }
        onOutput()
    }

    /// Answers with more octets of an item that was begun.
    package func send(octets: [UInt8]) async throws(AdminError) {
        let failure = await wait { state -> AdminError?? in
            if let error = state.cancellation { return .some(error) }
            guard state.output.count < Self.highWater else { return nil }
            state.output += octets
            return .some(nil)
        }
        if let failure { throw failure }
        onOutput()
    }

    /// Tells how far it is, `{"progress": …}`, unless the caller has not even read what was said before.
    ///
    /// Never waits. From any thread.
    package func report(_ progress: JSONValue) {
        let isTold = state.withLock { state in
            guard state.output.isEmpty, !state.isFinished, state.cancellation == nil else { return false }
            state.output += AdminItem.line(["progress": progress])
            return true
        }
        if isTold { onOutput() }
    }

    /// Whether nobody wants the result any more: long loops look now and then.
    ///
    /// From any thread.
    package var isCancelled: Bool { state.withLock { $0.cancellation != nil } }

    /// Ends the answer with a result, or with the error that came instead.
    package func finish(_ outcome: Result<JSONValue, AdminError>) {
        change { state in
            guard !state.isFinished else { return }
            switch outcome {
            case .success(let result): state.output += AdminItem.line(["result": result])
            case .failure(let error): state.output += AdminItem.line(error.json)
            }
            state.isFinished = true
        }
        onOutput()
    }

    // MARK: The caller's side

    /// Hands in octets of the body, and waits while the operation is behind; false when it wants no more.
    package func feed(_ bytes: [UInt8]) async -> Bool {
        await wait { state in
            if state.isFinished || state.cancellation != nil { return false }
            guard state.input.count < Self.highWater else { return nil }
            state.input += bytes
            return true
        }
    }

    /// The body is whole.
    package func endInput() { change { $0.inputEnded = true } }

    /// The operation is no longer wanted.
    package func cancel(_ reason: AdminError = AdminError(.unavailable, "The caller went away.")) {
        change { state in
            if state.cancellation == nil { state.cancellation = reason }
        }
    }

    /// What there is of the answer, without waiting, and whether that is all.
    package func take() -> (octets: [UInt8], isAll: Bool) {
        var taken: [UInt8] = []
        var isAll = false
        change { state in
            (taken, isAll) = (state.output, state.isFinished)
            state.output = []
        }
        return (taken, isAll)
    }

    /// The next piece of the answer; `nil` after the last.
    package func nextOutput() async -> [UInt8]? {
        await wait { state -> [UInt8]?? in
            guard state.output.isEmpty else {
                defer { state.output = [] }
                return .some(state.output)
            }
            return state.isFinished ? .some(nil) : nil
        }
    }

    // MARK: Waiting

    private func change(_ body: (inout State) -> Void) {
        let woken = unsafe state.withLock { state in
            body(&state)
            return unsafe state.wake()
        }
        unsafe woken.forEach { unsafe $0.resume() }
    }

    /// Looks until `look` has an answer, each time that something has changed.
    private func wait<Answer: Sendable>(_ look: (inout State) -> Answer?) async -> Answer {
        while true {
            let (answer, seen, woken) = unsafe state.withLock { state in
                let answer = look(&state)
                return unsafe (answer, state.changes, answer == nil ? [] : state.wake())
            }
            unsafe woken.forEach { unsafe $0.resume() }
            if let answer { return answer }
            await unsafe withUnsafeContinuation { continuation in
                let hasChanged = state.withLock { state in
                    guard state.changes == seen else { return true }
                    unsafe state.waiting.append(continuation)
                    return false
                }
                if hasChanged { unsafe continuation.resume() }
            }
        }
    }
}
