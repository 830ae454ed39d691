// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Glibc
internal import Locking
internal import Runtime

/// A worker's line to service control.
///
/// May be used from any task.
package final class ServiceControlClient: Sendable {
    @safe
    private struct State {
        var nextID: Int64 = 1
        var waiting: [Int64: UnsafeContinuation<Answer, Never>] = unsafe [:]
        var isClosed = false
    }

    private enum Answer: Sendable {
        case result(JSONValue)
        case refused(String)
    }

    /// Why a request got no result.
    package struct Refusal: Error, Sendable, CustomStringConvertible {
        package let reason: String
        package var description: String { reason }
    }

    private let socket: ControlSocket
    private let state = Lock(State())

    init(fd: Int32) { socket = ControlSocket(fd: fd) }

    /// The worker takes connections now.
    func sayReady() { socket.send(.ready) }

    /// Asks service control for something (`list`, `restart`, `stop`, `settings-changed`) and waits for the answer.
    package func request(_ verb: String, _ arguments: JSONValue = .null) async throws(Refusal) -> JSONValue {
        let answer = await unsafe withUnsafeContinuation { continuation in
            let id: Int64? = state.withLock { state in
                guard !state.isClosed else { return nil }
                state.nextID += 1
                unsafe state.waiting[state.nextID] = continuation
                return state.nextID
            }
            guard let id else { return unsafe continuation.resume(returning: .refused("service control is gone")) }
            if !socket.send(.request(id: id, verb: verb, arguments: arguments)) {
                resolve(id, .refused("service control does not listen"))
            }
        }
        switch answer {
        case .result(let value): return value
        case .refused(let reason): throw Refusal(reason: reason)
        }
    }

    func take(reply id: Int64, _ result: JSONValue) { resolve(id, .result(result)) }
    func take(refusal id: Int64, _ reason: String) { resolve(id, .refused(reason)) }

    func close() {
        let waiting = state.withLock { state in
            state.isClosed = true
            defer { unsafe state.waiting = [:] }
            return unsafe Array(state.waiting.keys)
        }
        for id in waiting { resolve(id, .refused("service control is gone")) }
    }

    private func resolve(_ id: Int64, _ answer: Answer) {
        let continuation = unsafe state.withLock { unsafe $0.waiting.removeValue(forKey: id) }
        unsafe continuation?.resume(returning: answer)
    }
}
