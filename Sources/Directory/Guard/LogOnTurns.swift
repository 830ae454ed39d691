// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// Lets a few log-ons from one address be decided at a time, so that many at once are no way around the bound on
/// failures.
///
/// May be called from any task. The others wait in line; nobody is refused for it.
final class LogOnTurns: Sendable {
    /// More than passwords are hashed at a time, so that a gateway that many share is no slower for it.
    static let width = 4

    private struct Line {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let lines = Lock<[GuardSubject: Line]>([:])

    /// Runs `body` when it is its turn.
    func run<Value: Sendable>(_ network: GuardSubject, _ body: () async -> Value) async -> Value {
        await enter(network)
        defer { leave(network) }
        return await body()
    }

    private func enter(_ network: GuardSubject) async {
        await withCheckedContinuation { continuation in
            let isFree = lines.withLock { lines -> Bool in
                var line = lines[network] ?? Line()
                let isFree = line.running < Self.width
                if isFree { line.running += 1 } else { line.waiting.append(continuation) }
                lines[network] = line
                return isFree
            }
            if isFree { continuation.resume() }
        }
    }

    /// Hands the turn on to whoever has waited longest.
    private func leave(_ network: GuardSubject) {
        let next = lines.withLock { lines -> CheckedContinuation<Void, Never>? in
            guard var line = lines[network] else { return nil }
            let next = line.waiting.isEmpty ? nil : line.waiting.removeFirst()
            if next == nil { line.running -= 1 }
            lines[network] = line.running > 0 ? line : nil
            return next
        }
        next?.resume()
    }
}
