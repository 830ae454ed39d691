// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A task that waits to be told to go on, with a value.
///
/// It must be told exactly once.
@safe
struct Turn<Value: Sendable>: Sendable {
    private let continuation: UnsafeContinuation<Value, Never>

    private init(_ continuation: UnsafeContinuation<Value, Never>) { unsafe self.continuation = continuation }

    func resume(returning value: Value) { unsafe continuation.resume(returning: value) }

    /// Suspends the caller; `keep` runs at once and sees to it that the turn comes.
    static func wait(
        isolation: isolated (any Actor)? = #isolation,
        _ keep: (Turn) -> Void
    ) async -> Value {
        await unsafe withUnsafeContinuation(isolation: isolation) { unsafe keep(Turn($0)) }
    }
}

extension Turn<Void> {
    func resume() { resume(returning: ()) }
}
