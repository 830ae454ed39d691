// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import Runtime

/// Checks and makes password hashes on two threads of its own, with a bound on how many may wait.
final class PasswordHasher: Sendable {
    private static let threads = 2

    private let pool = BlockingPool(name: "hashing", threads: threads)
    private let waiting = Lock(0)
    /// Checked in place of the hash of a user who is unknown, so that the answer takes as long.
    ///
    /// A constant, so that no process hashes at its start; that its password can be found does not matter, since it
    /// opens nothing.
    private let decoy = PasswordHash(
        stored: "$y$j9T$6yrqk6ENGCeYbpRhc9Ti30$Rau0Dv2x5CQmbII5q5vH4OKFXttUYGMyaCmCCF5Qfb5"
    )

    /// Whether `hash` is that of `password`; with no hash, the same work and false.
    ///
    /// `nil` at once when `limit` wait.
    func verify(_ password: [UInt8], against hash: PasswordHash?, limit: Int) async -> Bool? {
        let checked = hash ?? decoy
        let isKnown = hash != nil
        return await admitted(limit: limit) { checked.matches(password) && isKnown }
    }

    /// The hash of a new password; `nil` when it is none that can be hashed.
    func hash(_ password: [UInt8]) async -> PasswordHash? {
        await admitted(limit: .max) { PasswordHash(of: password) } ?? nil
    }

    /// Other work of this kind, on the same threads.
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value { await pool.run(work) }

    private func admitted<Value: Sendable>(limit: Int, _ work: @escaping @Sendable () -> Value) async -> Value? {
        let isAdmitted = waiting.withLock { waiting in
            guard waiting < limit &+ Self.threads || limit == .max else { return false }
            waiting += 1
            return true
        }
        guard isAdmitted else { return nil }
        let value = await pool.run(work)
        waiting.withLock { $0 -= 1 }
        return value
    }
}
