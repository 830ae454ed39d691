// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime

/// The look-up of one client's name, under way while the client goes on.
final class ClientNameCheck: Sendable {
    private struct State {
        var isOver = false
        var name = ClientName.unknown
    }

    private let state = Lock(State())
    private let deadline: ContinuousClock.Instant

    /// Begins it.
    ///
    /// - Parameter time: what is not found by then counts as unknown.
    init(of address: SocketAddress, _ source: any ClientNameSource, within time: Duration) {
        deadline = .now + time
        guard let loop = EventLoop.current else { return }
        Task(executorPreference: loop) { [self] in
            let found = await source.name(of: address)
            state.withLock { $0 = State(isOver: true, name: found) }
        }
    }

    /// What is known by now; nothing is waited for.
    var known: ClientName { state.withLock { $0.name } }

    /// The name when it is found, or at the end of its time.
    func name() async -> ClientName {
        var pause: Duration = .milliseconds(2)
        while !state.withLock({ $0.isOver }), ContinuousClock.now < deadline, let loop = EventLoop.current {
            guard (try? await loop.sleep(for: pause)) != nil else { break }
            pause = min(pause * 2, .milliseconds(50))
        }
        return known
    }
}
