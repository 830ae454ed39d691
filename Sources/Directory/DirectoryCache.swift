// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Locking
internal import MailTypes
internal import SASL

/// Answers of the directory in memory, all of one version of the database.
final class DirectoryCache: Sendable {
    /// How long answers are given without asking whether the database has changed.
    static let freshness: Duration = .milliseconds(250)
    /// Bound on each kind of answer; the cache begins anew when it is full.
    static let maximumCount = 50_000

    /// What was asked.
    ///
    /// The settings that an answer depends on are part of the question.
    enum Question: Hashable, Sendable {
        case account(MailboxAddress)
        /// Without what is behind these groups.
        case resolution(ForwardPath, ResolutionPolicy, closed: Set<MailboxAddress>)
        case owners(MailboxAddress, ResolutionPolicy)
        case quotas
        case removals
        case keyCoverage
        case decoySecret
        case sentCopies(all: Bool)
        case appPasswords(AccountID)
        /// Whether an account is in a group.
        case membership(AccountID, MailboxAddress)
        case shares
    }

    enum Answer: Sendable {
        case account(Account?)
        case resolution(Resolution)
        case quotas([AccountID: StoredQuota])
        case removals([RemovedAccount])
        /// The hashes for which an account that logs on has no keys.
        case keyCoverage(Set<SCRAMHash>)
        case decoySecret(String)
        case sentCopies([AccountID: StoredSentCopies])
        case appPasswords([StoredAppPassword])
        case membership(Bool)
        /// Who shares mailboxes, by with whom.
        case shares([String: Set<AuthenticatedUser>])
    }

    private struct State {
        var version = DatabaseVersion(others: -1, own: -1)
        var confirmed: ContinuousClock.Instant?
        var answers: [Question: Answer] = [:]
    }

    private let state = Lock(State())

    /// The answer, when the database is known to have been unchanged lately.
    func answer(to question: Question, at now: ContinuousClock.Instant = .now) -> Answer? {
        state.withLock { state in
            guard let confirmed = state.confirmed, now - confirmed < Self.freshness else { return nil }
            return state.answers[question]
        }
    }

    /// The answer, when it was read from the database at the same version; it then counts as of `moment`.
    func answer(
        to question: Question,
        version: DatabaseVersion,
        at moment: ContinuousClock.Instant
    ) -> Answer? {
        state.withLock { state in
            guard version == state.version, let answer = state.answers[question] else { return nil }
            state.confirmed = max(state.confirmed ?? moment, moment)
            return answer
        }
    }

    /// Keeps an answer that was read from the database at `moment`, when it had `version`.
    func keep(
        _ answer: Answer,
        to question: Question,
        version: DatabaseVersion,
        at moment: ContinuousClock.Instant
    ) {
        state.withLock { state in
            if version != state.version {
                if let confirmed = state.confirmed, moment < confirmed { return }
                state.answers.removeAll()
                state.version = version
            }
            if state.answers.count >= Self.maximumCount { state.answers.removeAll() }
            state.answers[question] = answer
            state.confirmed = max(state.confirmed ?? moment, moment)
        }
    }

    /// Forgets all, after a change of our own.
    func clear() { state.withLock { $0 = State() } }
}
