// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import IMAPClient
import IMAPWire
import Runtime

extension Load {
    /// Connects, logs on and logs out, again and again.
    static func logOn(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let length = Duration.seconds(options.number("seconds", 5))
        let (tally, begun) = await sessions(options.sessions, loop) {
            $0
        } work: { number, _, tally in
            let end = ContinuousClock.now + length
            while .now < end {
                let began = ContinuousClock.now
                let session = try await target.imap(target.user(number), loop)
                tally.note(ContinuousClock.now - began)
                try await session.logOut()
                if options.think > .zero { try await loop.sleep(for: options.think) }
            }
        }
        return LoadResult(tally: tally, seconds: (ContinuousClock.now - begun).inSeconds)
    }

    /// Keeps sessions in IDLE: says "ready" when all are, waits for a line, and sees whether they still answer.
    static func hold(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        var tally = Tally()
        var held: [IMAPClientSession] = []
        let begun = ContinuousClock.now
        for number in 0..<options.sessions {
            let began = ContinuousClock.now
            let session = try await target.imap(target.user(number), loop)
            try await session.select("INBOX", readOnly: true)
            tally.note(ContinuousClock.now - began)
            held.append(session)
        }
        var tags: [IMAPCommandTag] = []
        for session in held { tags.append(try await session.beginIdle()) }
        let seconds = (ContinuousClock.now - begun).inSeconds
        say(Array("ready \(held.count)".utf8))
        await BlockingPool.shared.run { _ = readLine() }
        for (session, tag) in zip(held, tags) {
            do { try await session.endIdle(tag) } catch { tally.fail("a session was gone: \(error)") }
        }
        for session in held { session.abort() }
        return LoadResult(tally: tally, seconds: seconds)
    }

    /// What another user notices: NOOP and the last message's envelope, with pauses.
    static func probe(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let length = Duration.seconds(options.number("seconds", 5))
        let pause = max(.milliseconds(5), options.think)
        let (tally, begun) = await sessions(options.sessions, loop) { number in
            try await target.imap(target.user(number), loop)
        } work: { _, session, tally in
            let end = ContinuousClock.now + length
            let exists = try await session.select("INBOX", readOnly: true).exists
            while .now < end {
                let began = ContinuousClock.now
                try await session.noop()
                if exists > 0 {
                    try await session.fetch(FetchCommand(set(exists, exists), items: [.flags, .envelope]))
                }
                tally.note(ContinuousClock.now - began)
                try await loop.sleep(for: pause)
            }
            try await session.logOut()
        }
        return LoadResult(tally: tally, seconds: (ContinuousClock.now - begun).inSeconds)
    }
}
