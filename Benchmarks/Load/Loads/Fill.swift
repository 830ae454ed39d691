// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPClient
import MailTypes
import Runtime

extension Load {
    /// Messages in one APPEND.
    private static let batch = 200

    /// Puts messages into the first user's INBOX, for the loads that read it.
    static func fill(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let count = options.number("messages", 1000)
        let messages = Messages(octets: options.octets)
        let session = try await target.imap(target.user(0), loop)
        let there = try await Self.count(session).messages
        let begun = ContinuousClock.now
        var tally = Tally()
        let step = session.capabilities.contains("MULTIAPPEND") ? batch : 1
        for start in stride(from: there, to: count, by: step) {
            let numbers = start..<min(count, start + step)
            let uploads = numbers.map { number in
                MessageUpload(
                    messages.fill(number),
                    flags: FilledMailbox.flags(number),
                    internalDate: FilledMailbox.arrived(number)
                )
            }
            let began = ContinuousClock.now
            let stored = try await session.append(uploads, to: "INBOX")
            tally.note(ContinuousClock.now - began, octets: uploads.reduce(0) { $0 + Int($1.size) })
            if stored?.uids.count != numbers.count { tally.fail("APPENDUID has \(stored?.uids.count ?? 0) UIDs") }
        }
        let seconds = (ContinuousClock.now - begun).inSeconds
        let after = try await Self.count(session).messages
        if after < count { tally.fail("\(after) of \(count) messages") }
        tally.operations = max(0, count - there)
        try await session.logOut()
        return LoadResult(tally: tally, seconds: seconds)
    }
}
