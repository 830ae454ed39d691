// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPClient
import Locking
import MailTypes
import Runtime

extension Load {
    /// Stores messages one by one over some sessions: each to a mailbox of its own, or with --hot all to one.
    static func append(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let isHot = options.has("hot")
        let total = options.number("messages", 1000)
        let messages = Messages(octets: options.octets)
        let run = Hex.encode(secureRandom(4))
        let owners = isHot ? 1 : min(options.sessions, target.users.count)
        var before: [UInt32] = []
        for owner in 0..<owners {
            let session = try await target.imap(target.user(owner), loop)
            before.append(try await count(session).next)
            try await session.logOut()
        }
        let uids = Lock<[Int: [UInt32]]>([:])
        var (tally, begun) = await sessions(options.sessions, loop) { number in
            try await target.imap(target.user(isHot ? 0 : number % owners), loop)
        } work: { number, session, tally in
            for message in stride(from: number, to: total, by: options.sessions) {
                let octets = messages.make("\(run)-\(message)", message)
                let began = ContinuousClock.now
                let stored = try await session.append([MessageUpload(octets)], to: "INBOX")
                tally.note(ContinuousClock.now - began, octets: octets.count)
                guard let range = stored?.uids.ranges.first, range.count == 1 else {
                    tally.fail("no UID for an APPEND")
                    continue
                }
                uids.withLock { $0[isHot ? 0 : number % owners, default: []].append(range.lowerBound) }
                if options.think > .zero { try await loop.sleep(for: options.think) }
            }
            try await session.logOut()
        }
        let seconds = (ContinuousClock.now - begun).inSeconds
        var found: [String: Int] = [:]
        for owner in 0..<owners {
            let session = try await target.imap(target.user(owner), loop)
            let there = try await tokens(session, from: before[owner], &tally)
            found.merge(there, uniquingKeysWith: +)
            let told = uids.withLock { $0[owner] ?? [] }
            if Set(told).count != told.count { tally.fail("one UID for two messages") }
            if there.count != told.count { tally.fail("\(there.count) messages for \(told.count) UIDs") }
            try await session.logOut()
        }
        check(Set((0..<total).map { "\(run)-\($0)" }), found, &tally)
        return LoadResult(tally: tally, seconds: seconds)
    }
}
