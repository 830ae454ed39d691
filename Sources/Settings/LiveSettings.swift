// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// The settings in force in this process.
///
/// Replaced as a whole when the tree changes.
package final class LiveSettings: Sendable {
    private struct State {
        var current: SettingsSnapshot
        var observers: [@Sendable (SettingsSnapshot) -> Void] = []
    }

    private let state: Lock<State>

    package init(_ snapshot: SettingsSnapshot = SettingsSnapshot()) { state = Lock(State(current: snapshot)) }

    /// The values in force.
    ///
    /// May be called from any thread.
    package var current: SettingsSnapshot { state.withLock { $0.current } }

    /// Puts a new snapshot in force and tells the observers, on the calling thread.
    package func replace(with snapshot: SettingsSnapshot) {
        let observers = state.withLock { state in
            state.current = snapshot
            return state.observers
        }
        for observer in observers { observer(snapshot) }
    }

    /// Calls `observer` now and at every later change, on the thread that makes the change.
    ///
    /// It must not block.
    package func observe(_ observer: @escaping @Sendable (SettingsSnapshot) -> Void) {
        observer(
            state.withLock { state in
                state.observers.append(observer)
                return state.current
            }
        )
    }
}
