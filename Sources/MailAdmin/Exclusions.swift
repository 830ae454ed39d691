// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Locking
internal import Runtime

/// What must not be done twice at a time, and what is being done.
final class Exclusions: Sendable {
    private let held = Lock<[String: String]>([:])

    /// Does `body` alone among those with the same `subject`; refuses when another is still at it after `patience`.
    ///
    /// - Parameters:
    ///   - subject: such as `import into 12`.
    ///   - description: of this operation, for who is refused: "an import by root (uid 0)".
    ///   - patience: for what is ending: a caller that died leaves the last of its work to be finished.
    func alone<Answer>(
        _ subject: String,
        _ description: String,
        patience: Duration = .seconds(2),
        _ body: () async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        let limit = ContinuousClock.now + patience
        while let other = claim(subject, description) {
            guard ContinuousClock.now < limit, let loop = EventLoop.current,
                (try? await loop.sleep(for: .milliseconds(25))) != nil
            else { throw AdminError(.conflict, "\(other) is under way; wait until it has ended, or end it.") }
        }
        defer { held.withLock { $0[subject] = nil } }
        return try await body()
    }

    /// Who holds `subject`; nil when nobody did, and `description` does now.
    private func claim(_ subject: String, _ description: String) -> String? {
        held.withLock { held in
            if let other = held[subject] { return other }
            held[subject] = description
            return nil
        }
    }
}
