// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import IMAPClient
import IMAPWire
import Runtime

extension Load {
    /// Looks for rare words in the text of the filled mailbox; which messages have each is known.
    static func search(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let session = try await target.imap(target.user(0), loop)
        let exists = Int(try await session.select("INBOX", readOnly: true).exists)
        var tally = Tally()
        var elapsed = Duration.zero
        for number in 0..<options.number("times", 10) {
            let rare = number * 61 % Messages.rareWords
            let began = ContinuousClock.now
            let found = try await session.search(.text(Array(Messages.rareWord(rare).utf8)))
            let duration = ContinuousClock.now - began
            elapsed += duration
            tally.note(duration)
            let wanted = stride(from: rare, to: exists, by: Messages.rareWords).map { UInt32($0 + 1) }
            if found.sorted() != wanted { tally.fail("\(found.count) messages found, not \(wanted.count)") }
        }
        try await session.logOut()
        return LoadResult(tally: tally, seconds: elapsed.inSeconds, more: [("messages", .integer(Int64(exists)))])
    }

    /// Opens the filled mailbox, some times in one session.
    static func select(_ options: LoadOptions, _ target: Target, _ loop: EventLoop) async throws -> LoadResult {
        let session = try await target.imap(target.user(0), loop)
        var tally = Tally()
        var elapsed = Duration.zero
        var wanted: UInt32?
        for _ in 0..<options.number("times", 1) {
            let began = ContinuousClock.now
            let opened = try await session.select("INBOX", readOnly: true)
            let duration = ContinuousClock.now - began
            elapsed += duration
            tally.note(duration)
            if opened.exists != wanted ?? opened.exists || opened.exists == 0 {
                tally.fail("\(opened.exists) messages")
            }
            wanted = opened.exists
            // So that the next one is no mere change of state.
            try await session.closeMailbox(expunging: true)
        }
        try await session.logOut()
        return LoadResult(tally: tally, seconds: elapsed.inSeconds, more: [("messages", .integer(Int64(wanted ?? 0)))])
    }
}
