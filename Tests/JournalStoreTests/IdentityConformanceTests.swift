// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import Testing

/// A message with ids in its header.
private func letter(_ id: String?, references: [String] = [], inReplyTo: String? = nil) -> [UInt8] {
    var text = "Subject: x\r\n"
    if let id { text += "message-ID : <\(id)>\r\n" }
    if let inReplyTo { text += "In-Reply-To: your mail <\(inReplyTo)>\r\n" }
    if !references.isEmpty {
        text += "References:\r\n " + references.map { "<\($0)>" }.joined(separator: "\r\n\t") + "\r\n"
    }
    return Array((text + "\r\nReferences: <not@header>\r\n").utf8)
}

@Suite("Every engine: object identifiers")
struct IdentityConformanceTests {
    @Test(
        "Copies and moves keep the identity of a message; the same octets stored again have another",
        arguments: Engine.allCases
    )
    func emailID(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        let inbox = try await account.status(of: .inbox).id
        for _ in 0..<2 { try await account.put(letter("same@x")) }
        let before = try await account.snapshot(of: .inbox).messages
        #expect(before[0].email != before[1].email && before[0].thread == before[1].thread)
        _ = try await account.transfer(UIDSet([1...1]), from: inbox, to: name("Sent"), removingSource: false)
        _ = try await account.transfer(UIDSet([1...1]), from: inbox, to: name("Trash"), removingSource: true)
        try await account.rename(name("Trash"), to: name("Bin"))
        for _ in 0..<2 {
            for mailbox in ["Sent", "Bin"] {
                let copy = try #require(try await account.snapshot(of: name(mailbox)).messages.first)
                #expect(copy.email == before[0].email && copy.thread == before[0].thread)
            }
            try await harness.reopen()
            account = try await harness.account()
        }
        await harness.close()
    }

    @Test("Answers are in the thread of what they answer, also after a restart", arguments: Engine.allCases)
    func threads(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        var account = try await harness.account()
        let letters: [([UInt8], Int)] = [
            (letter("a@x"), 0), (letter("b@x"), 1), (letter("c@x", references: ["a@x"]), 0),
            (letter("d@x", inReplyTo: "c@x"), 0), (letter("e@x", references: ["lost@x", "d@x"]), 0),
            // Joined by one that nobody has.
            (letter("f@x", references: ["lost@x"]), 0), (letter("g@x", inReplyTo: "b@x"), 1),
            (letter(nil), 2), (letter(nil), 3), (letter("b@x"), 1),
        ]
        for (index, (octets, _)) in letters.enumerated() {
            try await account.put(octets)
            if index % 3 == 2 {
                try await harness.reopen()
                account = try await harness.account()
            }
        }
        let threads = try await account.snapshot(of: .inbox).messages.map(\.thread)
        for (first, left) in zip(threads, letters) {
            for (second, right) in zip(threads, letters) { #expect((first == second) == (left.1 == right.1)) }
        }
        await harness.close()
    }

    @Test("Messages of one conversation that come at the same time are in one thread", arguments: Engine.allCases)
    func atOnce(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<30 {
                group.addTask { try await account.put(letter("m\(index)@x", references: ["r\(index)@x", "root@x"])) }
            }
            try await group.waitForAll()
        }
        #expect(Set(try await account.snapshot(of: .inbox).messages.map(\.thread)).count == 1)
        await harness.close()
    }

    @Test(
        "A mailbox keeps its id through renames; one made anew under the name has another",
        arguments: Engine.allCases
    )
    func mailboxID(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        let first = try await account.create(name("a"), specialUse: [])
        try await account.rename(name("a"), to: name("b"))
        #expect(try await account.status(of: name("b")).id == first)
        try await account.delete(name("b"))
        let second = try await account.create(name("a"), specialUse: [])
        #expect(second != first && second.objectID != first.objectID)
        await harness.close()
    }
}
