// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import Locking

/// What must not be done twice at a time, and what is being done.
final class Exclusions: Sendable {
    private let held = Lock<[String: String]>([:])

    /// Does `body` alone among those with the same `subject`; refuses when another is at it.
    ///
    /// - Parameters:
    ///   - subject: such as `import into 12`.
    ///   - description: of this operation, for who is refused: "an import by root (uid 0)".
    func alone<Answer>(
        _ subject: String,
        _ description: String,
        _ body: () async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        let other = held.withLock { held -> String? in
            if let other = held[subject] { return other }
            held[subject] = description
            return nil
        }
        if let other {
            throw AdminError(.conflict, "\(other) is under way; wait until it has ended, or end it.")
        }
        defer { held.withLock { $0[subject] = nil } }
        return try await body()
    }
}
