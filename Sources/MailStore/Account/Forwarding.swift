// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking

/// Where the messages of one account went when compaction moved them: a session's view may hold the old place for as
/// long as the session lasts, and so holds the account's owner, which has this.
final class Forwarding: Sendable {
    /// Some 100 MB; past it the moves of longest ago are forgotten.
    static let maximum = 1_000_000

    private let rounds = Lock<[[BodyReference: BodyReference]]>([])

    /// Where the octets at `body` are now; `body` itself when nothing is known.
    func target(of body: BodyReference) -> BodyReference {
        rounds.withLock { Self.target(of: body, $0) }
    }

    /// The same of many.
    func targets(of bodies: [BodyReference]) -> [BodyReference] {
        rounds.withLock { rounds in rounds.isEmpty ? bodies : bodies.map { Self.target(of: $0, rounds) } }
    }

    private static func target(
        of body: BodyReference,
        _ rounds: [[BodyReference: BodyReference]]
    ) -> BodyReference {
        var place = body
        // What a later round moved again is found there.
        for round in rounds { place = round[place] ?? place }
        return place
    }

    func add(_ moves: [BodyReference: BodyReference]) {
        guard !moves.isEmpty else { return }
        rounds.withLock { rounds in
            rounds.append(moves)
            var count = rounds.reduce(0) { $0 + $1.count }
            while count > Self.maximum, rounds.count > 1 { count -= rounds.removeFirst().count }
        }
    }
}
