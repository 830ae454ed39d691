// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import Locking
internal import Runtime

/// What an authorization server said of tokens a moment ago, by a digest of each.
///
/// May be used from any thread.
final class KnownTokens: Sendable {
    /// Bound on remembered answers: at some 300 octets each, 15 MB.
    static let maximumCount = 50_000

    private struct Entry {
        let verdict: TokenVerdict
        let expiry: ContinuousClock.Instant
    }

    private let entries = Lock<[[UInt8]: Entry]>([:])

    func verdict(on key: [UInt8], at now: ContinuousClock.Instant = .now) -> TokenVerdict? {
        guard let found = entries.withLock({ $0[key] }), now < found.expiry else { return nil }
        return found.verdict
    }

    /// - Parameters:
    ///   - lifetime: bounded by the end of the token that the answer tells.
    ///   - time: seconds since 1970-01-01T00:00:00Z.
    func keep(
        _ answer: IntrospectionAnswer,
        on key: [UInt8],
        for lifetime: Duration,
        at now: ContinuousClock.Instant = .now,
        time: Int64 = WallClock.seconds
    ) {
        var rest = lifetime
        if let end = answer.expiry {
            let left = end.subtractingReportingOverflow(time)
            // That far off, it ends nothing.
            if !left.overflow { rest = min(rest, .seconds(left.partialValue)) }
        }
        guard rest > .zero else { return }
        let entry = Entry(verdict: answer.verdict, expiry: now + rest)
        entries.withLock { entries in
            if entries.count >= Self.maximumCount { entries = entries.filter { now < $0.value.expiry } }
            if entries.count >= Self.maximumCount { entries.removeAll() }
            entries[key] = entry
        }
    }
}
