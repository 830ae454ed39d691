// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Client
import Runtime

extension Load {
    /// Reads the first user's maildrop by POP3, some times, as clients do that keep mail on the server.
    static func download(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let times = options.number("times", 1)
        let most = options.number("messages", 1000)
        let (tally, begun) = await sessions(options.sessions, loop) {
            $0
        } work: { _, _, tally in
            for _ in 0..<times {
                let began = ContinuousClock.now
                let session = try await target.pop3(target.user(0), loop)
                let count = try await session.stat().messages
                let ids = try await session.uniqueIDs()
                if ids.count != count { tally.fail("\(ids.count) unique-ids of \(count) messages") }
                var octets: [UInt8] = []
                var volume = 0
                var wrong = 0
                let refused = try await session.retrieve(Array(1...max(1, min(most, count)))) { number, piece in
                    volume += piece.count
                    guard piece.isEmpty else { return octets += piece }
                    if Messages.token(of: octets) != FilledMailbox.token(number - 1) { wrong += 1 }
                    octets = []
                }
                if wrong + refused.count > 0 { tally.fail("\(wrong) messages changed, \(refused.count) refused") }
                try await session.quit()
                tally.note(ContinuousClock.now - began, octets: volume)
            }
        }
        return LoadResult(tally: tally, seconds: (ContinuousClock.now - begun).inSeconds)
    }
}
