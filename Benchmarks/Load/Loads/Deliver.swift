// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPClient
import Locking
import MailTypes
import Runtime
import SMTPClient
import SMTPWire

extension Load {
    /// Longest that is waited for mail that was accepted to be seen.
    private static let deliveryLimit: Duration = .seconds(300)

    /// Sends messages over some sessions, spread over all users, until every one of them is in its mailbox.
    static func deliver(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let users = min(target.users.count, options.number("mailboxes", 64))
        let watchers = try await watch(target, users, loop)
        let promised = Lock<[Int: Set<String>]>([:])
        let messages = Messages(octets: options.octets)
        let total = options.number("messages", 1000)
        let run = Hex.encode(secureRandom(4))
        var (tally, begun) = await sessions(options.sessions, loop) { _ in
            try await target.smtp(loop)
        } work: { number, session, tally in
            for message in stride(from: number, to: total, by: options.sessions) {
                let token = "\(run)-\(message)"
                let owner = message % users
                let octets = messages.make(token, message, to: target.user(owner).name)
                let began = ContinuousClock.now
                try await send(octets, to: target.user(owner).name, over: session)
                tally.note(ContinuousClock.now - began, octets: octets.count)
                promised.withLock { _ = $0[owner, default: []].insert(token) }
                if options.think > .zero { try await loop.sleep(for: options.think) }
            }
            await session.quit()
        }
        let accepted = (ContinuousClock.now - begun).inSeconds
        let kept = promised.withLock { $0 }
        try await awaitArrival(of: kept, watchers, loop, &tally)
        let seconds = (ContinuousClock.now - begun).inSeconds
        for (owner, watcher) in watchers.enumerated() {
            let found = try await tokens(watcher.session, from: watcher.next, &tally)
            check(kept[owner] ?? [], found, &tally)
            try await watcher.session.logOut()
        }
        let rate = Double(tally.operations) / accepted
        return LoadResult(tally: tally, seconds: seconds, more: [("accepted_per_second", .number(rate))])
    }

    /// Sends one message by DATA.
    static func send(_ octets: [UInt8], to recipient: String, over session: SMTPClientSession) async throws {
        guard let address = MailboxAddress(recipient), let sender = MailboxAddress("load@example.org") else {
            throw LoadOptions.Missing(name: "addresses as names of users, not \(recipient)")
        }
        let mail = MailCommand(.address(sender))
        let content = ContentSource.whole(MessageOctets(octets))
        let outcome = await session.deliver(mail, [RecipientCommand(.address(address))], content, chunking: false)
        guard case .some(.some(let reply)) = outcome.replies.first, reply.severity == .success else {
            throw WrongAnswer("\(outcome.failure.map { $0.description } ?? "\(outcome.replies)")")
        }
    }

    struct WrongAnswer: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    private struct Watcher {
        var session: IMAPClientSession
        var messages: Int
        var next: UInt32
    }

    private static func watch(_ target: Target, _ users: Int, _ loop: EventLoop) async throws -> [Watcher] {
        var watchers: [Watcher] = []
        for number in 0..<users {
            let session = try await target.imap(target.user(number), loop)
            let (messages, next) = try await count(session)
            watchers.append(Watcher(session: session, messages: messages, next: next))
        }
        return watchers
    }

    private static func awaitArrival(
        of promised: [Int: Set<String>],
        _ watchers: [Watcher],
        _ loop: EventLoop,
        _ tally: inout Tally
    ) async throws {
        let limit = ContinuousClock.now + deliveryLimit
        for (owner, watcher) in watchers.enumerated() {
            let wanted = watcher.messages + (promised[owner]?.count ?? 0)
            while try await count(watcher.session).messages < wanted {
                guard .now < limit else { return tally.fail("not all messages came within \(deliveryLimit)") }
                try await loop.sleep(for: .milliseconds(20))
            }
        }
    }
}
