// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Journal
internal import MailTypes

/// Segments that are emptied together, and the accounts that have something in them.
struct CompactionRound: Sendable {
    var segments: Set<UInt32>
    /// Those whose owner has to copy messages or write a base.
    var accounts: [AccountID]
    /// Accounts that were removed and have records in no other segment: they leave nothing behind.
    var forgotten: [UInt64]
    /// Octets that will have to be written, at most.
    var cost: UInt64
    /// Octets that go.
    var octets: UInt64
}

/// Which segments are worth emptying.
struct CompactionPlan: Sendable {
    /// A message of a state takes about so much in a base, twice.
    private static let baseOctetsPerMessage: UInt64 = 2 * 90
    private static let baseOctets: UInt64 = 2 * 1024

    private(set) var survey: ShardSurvey

    init(_ survey: ShardSurvey) { self.survey = survey }

    /// Candidates, those of which the least is needed first.
    ///
    /// - Parameters:
    ///   - percent: segments with less live octets than this share of them.
    ///   - ratios: to how much sealed segments would shrink by compression.
    ///   - isStuck: whether a segment has messages that cannot be copied.
    mutating func candidates(
        below percent: Int,
        ratios: [UInt32: Double],
        isStuck: (ShardSurvey.Segment) -> Bool
    ) -> [ShardSurvey.Segment] {
        for (number, ratio) in ratios {
            guard let live = survey.segments[number]?.liveOctets else { continue }
            survey.segments[number]?.expectedOctets = UInt64(Double(live) * min(1, max(0, ratio)))
        }
        return survey.segments.values
            .filter { segment in
                guard survey.sealed.contains(segment.number), !isStuck(segment), !hasStrangers(segment) else {
                    return false
                }
                return segment.liveShare * 100 < Double(percent) || ratios[segment.number] != nil
            }
            .sorted { ($0.expectedShare, $0.number) < ($1.expectedShare, $1.number) }
    }

    /// Notes that an account has a base now, after everything that was surveyed.
    mutating func rebased(_ account: AccountID) {
        let end = RecordPosition(segment: .max, offset: 0)
        survey.bases[account.rawValue] = ShardSurvey.Base(first: end, records: [])
    }

    /// Records of a stream that no account is known for: nobody can say whether they are needed.
    private func hasStrangers(_ segment: ShardSurvey.Segment) -> Bool {
        segment.streams.keys.contains { $0 != JournalAccountLog.storeStream && survey.accounts[$0] == nil }
    }

    /// The next segments to empty, with at most `maximumLive` octets to copy (or one segment); `nil` when writing the
    /// bases would take as much as there is to win.
    func round(_ candidates: [ShardSurvey.Segment], maximumLive: UInt64) -> CompactionRound? {
        var chosen: [ShardSurvey.Segment] = []
        var live: UInt64 = 0
        for segment in candidates {
            guard chosen.isEmpty || live &+ segment.liveOctets <= maximumLive else { break }
            chosen.append(segment)
            live &+= segment.liveOctets
        }
        guard !chosen.isEmpty else { return nil }
        let round = round(chosen)
        return round.cost < round.octets ? round : nil
    }

    /// As above for these segments, whatever it costs; `nil` when none of them can be emptied.
    func round(emptying numbers: Set<UInt32>) -> CompactionRound? {
        let chosen = survey.segments.values.filter {
            numbers.contains($0.number) && survey.sealed.contains($0.number) && !hasStrangers($0)
        }
        return chosen.isEmpty ? nil : round(chosen)
    }

    private func round(_ chosen: [ShardSurvey.Segment]) -> CompactionRound {
        let expected = chosen.reduce(UInt64(0)) { $0 &+ ($1.expectedOctets ?? $1.liveOctets) }
        let numbers = Set(chosen.map(\.number))
        let streams = Set(chosen.flatMap(\.streams.keys)).subtracting([JournalAccountLog.storeStream])
        var round = CompactionRound(segments: numbers, accounts: [], forgotten: [], cost: expected, octets: 0)
        for segment in chosen { round.octets &+= segment.octets }
        for stream in streams.sorted() {
            guard let account = survey.accounts[stream] else { continue }
            if account.isRemoved, isOnly(stream, in: numbers) {
                round.forgotten.append(stream)
            } else if !account.segments.isDisjoint(with: numbers)
                || numbers.contains(where: { survey.needsBase(stream, toLeave: $0) })
            {
                round.accounts.append(AccountID(stream))
                round.cost &+= Self.baseOctets &+ UInt64(account.messages) &* Self.baseOctetsPerMessage
            }
        }
        return round
    }

    private func isOnly(_ stream: UInt64, in numbers: Set<UInt32>) -> Bool {
        survey.segments.values.allSatisfy { numbers.contains($0.number) || $0.streams[stream] == nil }
    }

    /// What of a round may go when some of its segments have to stay: of an account that leaves nothing behind all
    /// records go, or none, else an older one would bring it back.
    func removable(_ round: CompactionRound, staying: Set<UInt32>) -> Set<UInt32> {
        var removable = round.segments.subtracting(staying)
        var isSettled = false
        while !isSettled {
            isSettled = true
            for stream in round.forgotten {
                let own = Set(survey.segments.values.filter { $0.streams[stream] != nil }.map(\.number))
                if !own.isSubset(of: removable), !own.isDisjoint(with: removable) {
                    removable.subtract(own)
                    isSettled = false
                }
            }
        }
        return removable
    }
}
