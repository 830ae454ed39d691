// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes
internal import Runtime

/// Remembers which passwords were right, as a keyed digest in memory, so that a client that connects again is answered
/// in microseconds.
///
/// What is remembered holds for one hash: with a new password the old one is worth nothing.
final class VerifiedCredentials: Sendable {
    /// Bound on remembered accounts: at some 150 octets each, 15 MB.
    static let maximumCount = 100_000

    private struct Entry {
        let digest: [UInt8]
        let hash: PasswordHash
        let expiry: ContinuousClock.Instant
    }

    /// Of this process, never written anywhere: the digests are worth nothing without it.
    private let key = secureRandom(32)
    private let entries = Lock<[AccountID: Entry]>([:])

    func contains(
        _ password: [UInt8],
        of account: AccountID,
        hash: PasswordHash,
        at now: ContinuousClock.Instant = .now
    ) -> Bool {
        let digest = Digest.hmacSHA256(key: key, password)
        return entries.withLock { entries in
            guard let entry = entries[account] else { return false }
            guard entry.hash == hash, now < entry.expiry else {
                entries[account] = nil
                return false
            }
            return constantTimeEqual(entry.digest, digest)
        }
    }

    func insert(
        _ password: [UInt8],
        of account: AccountID,
        hash: PasswordHash,
        for lifetime: Duration,
        at now: ContinuousClock.Instant = .now
    ) {
        guard lifetime > .zero else { return }
        let entry = Entry(digest: Digest.hmacSHA256(key: key, password), hash: hash, expiry: now + lifetime)
        entries.withLock { entries in
            if entries.count >= Self.maximumCount { entries = entries.filter { now < $0.value.expiry } }
            if entries.count >= Self.maximumCount { entries.removeAll() }
            entries[account] = entry
        }
    }
}
