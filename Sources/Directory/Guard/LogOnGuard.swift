// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailTypes
internal import Runtime
internal import Settings

/// Counts failed log-ons over all workers, and bans addresses and accounts that have too many.
///
/// May be called from any task. What one process counts or bans, the others see within `freshness`.
final class LogOnGuard: Sendable {
    static let freshness: Duration = .milliseconds(250)
    /// Failures between two clearings-up.
    private static let purgeInterval = 500

    private struct State {
        var bans: [GuardSubject: LogOnBan] = [:]
        var read: ContinuousClock.Instant?
        var failures = 0
        /// What was noted last, so that each is written once a day.
        var noted: [String: Int64] = [:]
    }

    private let file: String
    private let settings: LiveSettings
    private let events: EventRecorder
    private let pool = BlockingPool(name: "log-ons", threads: 1)
    private let state = Lock(State())
    /// Opened by the pool's one thread.
    private let tables = Lock<GuardTables?>(nil)

    /// The file is made when it is first needed.
    init(file: String, settings: LiveSettings, events: EventRecorder) {
        self.file = file
        self.settings = settings
        self.events = events
    }

    // MARK: Log-ons

    /// Why this log-on is not looked at; `nil` when it is.
    ///
    /// An account that is banned stays open to addresses that it has logged on from in the last 90 days: who attacks it
    /// from elsewhere does not lock its owner out.
    func refusal(of account: GuardSubject?, _ number: AccountID?, from peer: String) async -> LogOnBan? {
        let policy = GuardPolicy(settings.current)
        guard policy.banTime > 0, !policy.trusts(peer), let network = GuardSubject(peer: peer) else { return nil }
        let bans = await bansInForce()
        let now = WallClock.seconds
        if let ban = bans[network], ban.until > now { return ban }
        guard let account, let ban = bans[account], ban.until > now else { return nil }
        guard let number else { return ban }
        let isKnown = await onTables { try $0.knows(network.description, of: Int64(clamping: number.rawValue)) }
        return isKnown == true ? nil : ban
    }

    /// A password, proof or token was wrong.
    func failed(_ account: GuardSubject?, from peer: String) async {
        let policy = GuardPolicy(settings.current)
        guard policy.banTime > 0, !policy.trusts(peer), let network = GuardSubject(peer: peer) else { return }
        let now = WallClock.seconds
        let isTime = state.withLock { state in
            state.failures += 1
            return state.failures % Self.purgeInterval == 0
        }
        let made = await onTables { tables -> [LogOnBan] in
            var made: [LogOnBan] = []
            for subject in [network, account].compactMap(\.self) where policy.limit(of: subject) > 0 {
                let limit = policy.limit(of: subject)
                guard try tables.fail(subject, limit: limit, window: policy.window, at: now) else { continue }
                let ban = LogOnBan(
                    subject: subject,
                    since: now,
                    until: now + policy.banTime,
                    reason: "\(limit) failed log-ons, the last one from \(peer)"
                )
                try tables.ban(ban)
                made.append(ban)
            }
            if isTime { try tables.purge(window: policy.window, at: now) }
            return made
        }
        guard let made, !made.isEmpty else { return }
        state.withLock { $0.read = nil }
        made.forEach(report)
    }

    /// Somebody was let in.
    func succeeded(_ number: AccountID, from peer: String) async {
        guard let network = GuardSubject(peer: peer) else { return }
        let day = WallClock.seconds / 86_400
        let key = "\(number) \(network)"
        let isNew = state.withLock { state in
            if state.noted.count > 100_000 { state.noted.removeAll() }
            return state.noted.updateValue(day, forKey: key) != day
        }
        guard isNew else { return }
        _ = await onTables {
            try $0.know(network.description, of: Int64(clamping: number.rawValue), day: day)
        }
    }

    // MARK: Administration

    /// `nil` when the tables cannot be read.
    func bans() async -> [LogOnBan]? { await onTables { try $0.bans(at: WallClock.seconds) } }

    /// False when the tables cannot be written.
    func ban(_ subject: GuardSubject, for seconds: Int64, reason: String) async -> Bool {
        let now = WallClock.seconds
        let ban = LogOnBan(subject: subject, since: now, until: now + seconds, reason: reason)
        guard await onTables({ try $0.ban(ban) }) != nil else { return false }
        state.withLock { $0.read = nil }
        report(ban)
        return true
    }

    /// Whether there was one; `nil` when the tables cannot be written.
    func lift(_ subject: GuardSubject) async -> Bool? {
        let wasThere = await onTables { try $0.lift(subject) }
        state.withLock { $0.read = nil }
        if wasThere == true { events.record(.banLifted, ["directory.banned": .string(subject.description)]) }
        return wasThere
    }

    private func report(_ ban: LogOnBan) {
        events.record(
            .banSet,
            [
                "directory.banned": .string(ban.subject.description), "directory.reason": .string(ban.reason),
                "directory.seconds": .count(max(0, ban.until - ban.since)),
            ]
        )
    }

    // MARK: Tables

    private func bansInForce() async -> [GuardSubject: LogOnBan] {
        let known = state.withLock { state -> [GuardSubject: LogOnBan]? in
            guard let read = state.read, ContinuousClock.now - read < Self.freshness else { return nil }
            return state.bans
        }
        if let known { return known }
        let moment = ContinuousClock.now
        guard let found = await bans() else { return state.withLock { $0.bans } }
        let bans = Dictionary(found.map { ($0.subject, $0) }) { first, _ in first }
        state.withLock { state in
            state.bans = bans
            state.read = moment
        }
        return bans
    }

    /// `nil` when they cannot be used: log-ons go on without them.
    private func onTables<Value: Sendable>(
        _ body: @escaping @Sendable (GuardTables) throws -> Value
    ) async -> Value? {
        do {
            return try await pool.run { [tables, file] in
                if let opened = tables.withLock({ $0 }) { return try body(opened) }
                let opened = try GuardTables(file: file)
                tables.withLock { $0 = opened }
                return try body(opened)
            }
        } catch {
            events.record(.directoryUnavailable, ["error.description": .string("\(file): \(error)")])
            return nil
        }
    }
}
