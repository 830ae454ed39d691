// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// Whether a connection that is offered to another worker is taken, and how that loan ended.
///
/// It is taken once at most, and never after it was withdrawn: then the connection is the lender's alone again. From
/// any thread.
final class LoanOffer: Sendable {
    private enum State {
        case open
        /// Who withdraws waits for the loan's end.
        case taken(CheckedContinuation<Bool, Never>?)
        case over(isIntact: Bool)
        case withdrawn
    }

    private let state = Lock(State.open)

    /// Neither taken nor withdrawn.
    var isOpen: Bool {
        state.withLock { state in
            if case .open = state { true } else { false }
        }
    }

    /// Whether the loan may begin; whoever began it says when it is over.
    func take() -> Bool {
        state.withLock { state in
            guard case .open = state else { return false }
            state = .taken(nil)
            return true
        }
    }

    /// The loan that began is over.
    ///
    /// - Parameter isIntact: whether the connection may be used further.
    func end(isIntact: Bool) {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard case .taken(let waiting) = state else { return nil }
            state = .over(isIntact: isIntact)
            return waiting
        }
        waiting?.resume(returning: isIntact)
    }

    /// Nobody takes it any more; to be called once.
    ///
    /// - Returns: when a loan that began is over: whether the connection may be used further.
    func withdraw() async -> Bool {
        await withCheckedContinuation { continuation in
            let isIntact = state.withLock { state -> Bool? in
                switch state {
                case .open, .withdrawn:
                    state = .withdrawn
                    return true
                case .over(let isIntact): return isIntact
                case .taken:
                    state = .taken(continuation)
                    return nil
                }
            }
            if let isIntact { continuation.resume(returning: isIntact) }
        }
    }
}
