// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import Runtime
import SMTPClient

extension Load {
    /// Delivers to users who wait in IDLE: from the beginning of a transaction until it is taken and the news is there.
    static func notify(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let total = options.number("messages", 20)
        let messages = Messages(octets: options.octets)
        let pause = max(.milliseconds(20), options.think)
        let (tally, begun) = await sessions(options.sessions, loop) { _ in
            try await target.smtp(loop)
        } work: { number, sender, tally in
            let user = target.user(number)
            let session = try await target.imap(user, loop)
            let exists = try await session.select("INBOX", readOnly: true).exists
            let tag = try await session.beginIdle()
            for message in 1...UInt32(clamping: total) {
                let octets = messages.make("n-\(number)-\(message)", Int(message), to: user.name)
                let began = ContinuousClock.now
                try await send(octets, to: user.name, over: sender)
                while session.mailbox?.exists ?? 0 < exists + message {
                    guard try await session.news(until: began + .seconds(30), { _ in false }) == nil else {
                        throw WrongAnswer("no news of a delivery")
                    }
                }
                tally.note(ContinuousClock.now - began)
                try await loop.sleep(for: pause)
            }
            try await session.endIdle(tag)
            try await session.logOut()
            await sender.quit()
        }
        return LoadResult(tally: tally, seconds: (ContinuousClock.now - begun).inSeconds)
    }
}
