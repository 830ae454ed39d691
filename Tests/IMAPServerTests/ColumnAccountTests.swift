// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Locking
import Testing

@testable import IMAPServer

/// Columns for which there is no room.
@Suite("Columns that are made with little memory", .timeLimit(.minutes(20)))
struct ColumnAccountTests {
    /// Octets of the longest message, and of what its rows take besides.
    private static let message = 8 << 10

    private func mailbox(seed: UInt64) -> KnownMailbox {
        var mailbox = KnownMailbox(seed: seed)
        mailbox.beginning = String(repeating: "long ", count: 150)
        return mailbox
    }

    private func dialogue(_ maximum: Int) -> Dialogue {
        var dialogue = Dialogue()
        dialogue.columns = ColumnTable(maximum: maximum)
        return dialogue
    }

    @Test("Answers are those of the headers, and the bound holds for all sessions", arguments: [16 << 10, 4 << 10, 1])
    func bound(maximum: Int) async throws {
        let dialogue = dialogue(maximum)
        let (account, columns) = (dialogue.account, dialogue.columns.account)
        try await dialogue.selectedTwice { first, second in
            var mailbox = mailbox(seed: 11)
            for count in [100, 3] {
                mailbox.deliver(count, to: account)
                for client in [first, second] { try await client.run("NOOP") }
                for name in ["SUBJECT", "DISPLAYFROM"] {
                    let command = "a UID SORT (\(name)) UTF-8 ALL\r\n"
                    for client in [first, second] { try await client.send(command) }
                    for client in [first, second] {
                        let answer = mailbox.sorted([(name, false)], mailbox.messages.indices)
                        #expect(try await client.responses(to: "a") == [answer, "OK UID SORT completed"])
                    }
                }
            }
        }
        // A part of a making holds a message more than there is room for.
        #expect(columns.mostOctets <= maximum + 2 * Self.message)
    }

    @Test("Whatever is asked in whatever order, the answers are right", arguments: [16 << 10, 4 << 10, 1])
    func answers(maximum: Int) async throws {
        let dialogue = dialogue(maximum)
        try await dialogue.selectedTwice { first, second in
            var mailbox = mailbox(seed: 15)
            for count in [50, 3] {
                mailbox.deliver(count, to: dialogue.account)
                for client in [first, second, first] {
                    try await client.run("NOOP")
                    try await mailbox.check(client)
                }
            }
        }
    }

    @Test("Without the bound more is taken")
    func room() async throws {
        let dialogue = dialogue(1 << 20)
        try await dialogue.loggedOn { client in
            var mailbox = mailbox(seed: 11)
            mailbox.deliver(300, to: dialogue.account)
            try await client.run("SELECT INBOX")
            try await mailbox.check(client)
        }
        #expect(dialogue.columns.account.mostOctets > 64 << 10)
    }

    @Test("The order is kept, and found out again when a message comes")
    func kept() async throws {
        let dialogue = dialogue(16 << 10)
        let account = dialogue.account
        let structuresRead: @Sendable () -> Int = {
            account.state.withLock { state in
                defer { state.structuresRead = 0 }
                return state.structuresRead
            }
        }
        try await dialogue.loggedOn { client in
            var mailbox = mailbox(seed: 12)
            mailbox.deliver(120, to: account)
            try await client.run("SELECT INBOX")
            try await client.run("SORT (SUBJECT) UTF-8 ALL")
            #expect(structuresRead() > 240)
            let subjects = mailbox.sorted([("SUBJECT", true)], 50..<120)
            #expect(try await client.run("UID SORT (REVERSE SUBJECT) UTF-8 51:*").first == subjects)
            #expect(structuresRead() == 0)
            mailbox.deliver(1, to: account)
            try await client.run("NOOP")
            try await mailbox.check(client)
        }
    }

    @Test("What cannot be read counts as empty, and as what it is once it can", arguments: [8 << 10, 1])
    func damaged(maximum: Int) async throws {
        let dialogue = dialogue(maximum)
        let account = dialogue.account
        try await dialogue.loggedOn { client in
            var mailbox = mailbox(seed: 13)
            mailbox.deliver(60, to: account)
            try await client.run("SELECT INBOX")
            for place in [0, 7, 8, 59] {
                account.damage(mailbox.messages[place].id, .refused)
                mailbox.messages[place].isReadable = false
            }
            try await mailbox.check(client)
            account.state.withLock { $0.damage = [:] }
            for place in mailbox.messages.indices { mailbox.messages[place].isReadable = true }
            try await mailbox.check(client)
        }
    }

    @Test("Structures that are lost are made again", arguments: [8 << 10, 1])
    func lostStructures(maximum: Int) async throws {
        let dialogue = dialogue(maximum)
        let account = dialogue.account
        account.state.withLock { $0.keepsStructures = false }
        try await dialogue.loggedOn { client in
            var mailbox = mailbox(seed: 14)
            mailbox.deliver(40, to: account)
            try await client.run("SELECT INBOX")
            try await mailbox.check(client)
        }
    }

    @Test("A turn goes on to whoever has waited longest, also from one who is gone")
    func turns() async {
        let account = ColumnAccount(maximum: 64)
        var turn: ColumnTurn? = await account.turn()
        let waiting = (0..<3).map { _ in Task { _ = await account.turn() } }
        #expect(turn != nil)
        turn = nil
        for task in waiting { await task.value }
        _ = await account.turn()
    }

    @Test("A few long texts are put in order elsewhere, few short ones here", arguments: [(0, true), (1 << 20, false)])
    func away(octets: Int, isHere: Bool) async {
        let own = pthread_self()
        #expect(await IMAPSession.away(3, octets: octets) { pthread_equal(pthread_self(), own) != 0 } == isHere)
    }
}
