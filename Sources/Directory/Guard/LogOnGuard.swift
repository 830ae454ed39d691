// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import Locking
internal import MailTypes
internal import Runtime
internal import Settings

/// Counts failed log-ons over all workers, and bans addresses and accounts that have too many.
///
/// May be called from any task. What one process counts or bans holds in the others at once. When the file cannot be
/// used, log-ons go on without it.
final class LogOnGuard: Sendable {
    /// Bans that an administrator is shown.
    static let shownBans = 10_000
    /// Between two clearings-up, seconds.
    private static let purgeInterval: Int64 = 60
    /// Bound on what is remembered of what was written or told.
    private static let maximumNotes = 100_000

    private struct State {
        var bansMade = 0
        var purged: Int64 = 0
        /// By account and network, the day that was noted; by app password, the hour: each is written once.
        var noted: [String: Int64] = [:]
        /// By ban, the minute of which the event was the last.
        var told: [GuardSubject: Int64] = [:]
    }

    private let settings: LiveSettings
    private let events: EventRecorder
    /// A reader waits for no writer, nor for its disk.
    private let reading: GuardFile
    private let writing: GuardFile
    private let turns = LogOnTurns()
    private let state = Lock(State())

    /// The file is made when it is first needed.
    init(file: String, settings: LiveSettings, events: EventRecorder) {
        self.settings = settings
        self.events = events
        let onDamage: @Sendable () -> Void = {
            let text = "\(file) was damaged; it was set aside as \(file).damaged, and begun anew"
            events.record(.directoryUnavailable, ["error.description": .string(text)])
        }
        reading = GuardFile(file, name: "log-ons", onDamage: onDamage)
        writing = GuardFile(file, name: "log-on-notes", onDamage: onDamage)
    }

    // MARK: Log-ons

    /// Runs `body` when it is this log-on's turn among those from its address.
    func inTurn<Value: Sendable>(_ logOn: GuardedLogOn, _ body: () async -> Value) async -> Value {
        let policy = GuardPolicy(settings.current)
        guard logOn.isGuess, policy.banTime > 0, !policy.trusts(logOn.peer),
            let network = GuardSubject(peer: logOn.peer)
        else { return await body() }
        return await turns.run(network, body)
    }

    /// How many bans this process has made: another number says that one has come meanwhile.
    var bansMade: Int { state.withLock { $0.bansMade } }

    /// Why this log-on is not looked at; `nil` when it is.
    ///
    /// Accounts are left open to addresses that they have logged on from in the last 90 days, while only the one or
    /// only the other is banned: who attacks an account from elsewhere does not lock its owner out, and who fails
    /// behind a proxy or a gateway that many share does not lock out those whose home it is. A ban by hand holds for
    /// all, and when no others are made.
    func refusal(of logOn: GuardedLogOn) async -> LogOnBan? {
        let policy = GuardPolicy(settings.current)
        guard !policy.trusts(logOn.peer), let network = GuardSubject(peer: logOn.peer) else { return nil }
        let now = WallClock.seconds
        return await onTables(reading) { tables -> LogOnBan? in
            let ofNetwork = try tables.ban(of: network, at: now)
            let ofAccount = try logOn.account.flatMap { try tables.ban(of: $0, at: now) }
            if let ban = [ofNetwork, ofAccount].compactMap(\.self).first(where: \.isByHand) { return ban }
            guard policy.banTime > 0 else { return nil }
            // Nobody comes upon a certificate or a token by trying.
            let ofGuesses = logOn.isGuess ? ofAccount : nil
            guard let ban = ofNetwork ?? ofGuesses else { return nil }
            guard ofNetwork == nil || ofGuesses == nil, let number = logOn.number else { return ban }
            let account = Int64(clamping: number.rawValue)
            return try tables.knows(network.description, of: account, on: now / 86_400) ? nil : ban
        } ?? nil
    }

    /// A password, proof or token was wrong.
    func failed(_ logOn: GuardedLogOn) async {
        let policy = GuardPolicy(settings.current)
        guard policy.banTime > 0, !policy.trusts(logOn.peer), let network = GuardSubject(peer: logOn.peer) else {
            return
        }
        let now = WallClock.seconds
        let isTime = isTimeToPurge(now)
        let made = await onTables(writing) { tables in
            try tables.database.transaction { () throws -> [LogOnBan] in
                var made: [LogOnBan] = []
                for subject in [network, logOn.account].compactMap(\.self) where policy.limit(of: subject) > 0 {
                    let limit = policy.limit(of: subject)
                    // What comes in under a ban makes it no longer.
                    guard try tables.ban(of: subject, at: now) == nil,
                        try tables.fail(subject, limit: limit, window: policy.window, at: now)
                    else { continue }
                    let reason = "\(limit) failed log-ons, the last one from \(logOn.peer)"
                    let ban = LogOnBan(subject: subject, since: now, until: now + policy.banTime, reason: reason)
                    if try tables.set(ban) { made.append(ban) }
                }
                if isTime { try tables.purge(window: policy.window, at: now) }
                return made
            }
        }
        guard let made, !made.isEmpty else { return }
        state.withLock { $0.bansMade += made.count }
        made.forEach(report)
    }

    /// Somebody was let in.
    func succeeded(_ number: AccountID, from peer: String) async {
        guard let network = GuardSubject(peer: peer) else { return }
        let now = WallClock.seconds
        let day = now / 86_400
        let key = "\(number) \(network)"
        guard isNews(key, day) else { return }
        let isTime = isTimeToPurge(now)
        let window = GuardPolicy(settings.current).window
        let written: Void? = await onTables(writing) { tables in
            try tables.database.transaction {
                try tables.know(network.description, of: Int64(clamping: number.rawValue), day: day)
                if isTime { try tables.purge(window: window, at: now) }
            }
        }
        if written != nil { note(key, day) }
    }

    /// Whether the log is to have that this ban refused somebody: once a minute, however often he tries.
    func isToBeTold(_ ban: LogOnBan) -> Bool {
        let minute = WallClock.seconds / 60
        return state.withLock { state in
            if state.told.count >= Self.maximumNotes { state.told.removeAll() }
            return state.told.updateValue(minute, forKey: ban.subject) != minute
        }
    }

    private func isNews(_ key: String, _ moment: Int64) -> Bool { state.withLock { $0.noted[key] != moment } }

    /// What is written need not be written again; what could not be, is at the next log-on.
    private func note(_ key: String, _ moment: Int64) {
        state.withLock { state in
            if state.noted.count >= Self.maximumNotes { state.noted.removeAll() }
            state.noted[key] = moment
        }
    }

    private func isTimeToPurge(_ now: Int64) -> Bool {
        state.withLock { state in
            guard !(state.purged..<(state.purged + Self.purgeInterval)).contains(now) else { return false }
            state.purged = now
            return true
        }
    }

    // MARK: Pace

    /// Notes a log-on, unless the last one is less than `seconds` ago; true when that cannot be told.
    func admit(_ account: AccountID, every seconds: Int64) async -> Bool {
        let now = WallClock.seconds
        return await onTables(writing) { tables in
            try tables.admit(Int64(clamping: account.rawValue), every: seconds, at: now)
        } ?? true
    }

    func withdraw(_ account: AccountID) async {
        _ = await onTables(writing) { try $0.withdraw(Int64(clamping: account.rawValue)) }
    }

    // MARK: App passwords

    /// An app password was used: kept to the hour, here, since each change of the directory has every process read
    /// anew.
    func noteUse(of id: Int64) async {
        let hour = WallClock.seconds / 3600 * 3600
        let key = "app \(id)"
        guard isNews(key, hour) else { return }
        let written: Void? = await onTables(writing) { try $0.noteUse(of: id, hour: hour) }
        if written != nil { note(key, hour) }
    }

    /// When they were used last; without those that never were.
    func lastUses(of ids: [Int64]) async -> [Int64: Int64] {
        guard !ids.isEmpty else { return [:] }
        return await onTables(reading) { tables in
            var uses: [Int64: Int64] = [:]
            for id in ids { uses[id] = try tables.lastUse(of: id) }
            return uses
        } ?? [:]
    }

    func forgetUse(of id: Int64) async { _ = await onTables(writing) { try $0.forgetUse(of: id) } }

    // MARK: Administration

    /// Those in force, the newest first; `nil` when the tables cannot be read.
    func bans() async -> [LogOnBan]? {
        let makesBans = GuardPolicy(settings.current).banTime > 0
        return await onTables(reading) { tables in
            let bans = try tables.bans(at: WallClock.seconds, count: Self.shownBans)
            return makesBans ? bans : bans.filter(\.isByHand)
        }
    }

    /// False when the tables cannot be written.
    func ban(_ subject: GuardSubject, for seconds: Int64, reason: String) async -> Bool {
        let now = WallClock.seconds
        let ban = LogOnBan(subject: subject, since: now, until: now + seconds, reason: reason, isByHand: true)
        let isKept = await onTables(writing) { tables in try tables.database.transaction { try tables.set(ban) } }
        guard isKept == true else { return false }
        state.withLock { $0.bansMade += 1 }
        report(ban)
        return true
    }

    /// Whether there was one; `nil` when the tables cannot be written.
    func lift(_ subject: GuardSubject) async -> Bool? {
        let now = WallClock.seconds
        let wasThere = await onTables(writing) { tables in
            try tables.database.transaction { try tables.lift(subject, at: now) }
        }
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

    /// `nil` when they cannot be used.
    private func onTables<Value: Sendable>(
        _ file: GuardFile,
        _ body: @escaping @Sendable (GuardTables) throws -> Value
    ) async -> Value? {
        do {
            return try await file.run(body)
        } catch is GuardFile.Paused {
            return nil
        } catch {
            events.record(.directoryUnavailable, ["error.description": .string("\(file.path): \(error)")])
            return nil
        }
    }
}
