// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import Locking
import MailStore
import Testing

@Suite("Envelopes that are read together")
struct EnvelopesAheadTests {
    /// A header of 60 KB with a subject of its own.
    private static func message(_ number: Int) -> String {
        let list = (0..<2000).map { "user\($0)@many.example.test" }.joined(separator: ",\r\n ")
        return "Subject: number \(number)\r\nTo: \(list)\r\n\r\nbody\r\n"
    }

    @Test("Of large ones only some are held; each message has its own all the same")
    func large() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        for number in 1...30 { account.deliver(Self.message(number)) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            account.state.withLock { $0.structuresRead = 0 }
            let lines = try await client.run("FETCH 1:* (ENVELOPE)")
            #expect(lines.count == 31)
            for (number, line) in zip(1...30, lines) {
                #expect(line.hasPrefix("\(number) FETCH (ENVELOPE (NIL \"number \(number)\" "))
            }
            // Once together, and by itself what was not held.
            #expect(account.state.withLock { $0.structuresRead } > 40)
        }
    }

    @Test("Small ones are read once")
    func small() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        for number in 1...300 { account.deliver("Subject: number \(number)\r\n\r\nbody\r\n") }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            account.state.withLock { $0.structuresRead = 0 }
            #expect(try await client.run("FETCH 1:* (ENVELOPE)").count == 301)
            #expect(account.state.withLock { $0.structuresRead } == 300)
        }
    }
}
