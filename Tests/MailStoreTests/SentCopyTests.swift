// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Events
import Locking
import MailTypes
import Runtime
import Settings
import Testing

@testable import MailStore

@Suite(.timeLimit(.minutes(20))) struct SentCopyTests {
    private static let written =
        "From: a@b\r\nTo: c@d\r\nDate: Sat, 21 Nov 2026 07:28:46 +0000\r\nMessage-ID: <1@b>\r\n\r\nsaid\r\n"

    private func identity(_ text: String, _ account: UInt64 = 1) -> DeliveryID {
        let octets = Array(text.utf8)
        return unsafe SentIdentity.of(octets.span.bytes, for: AccountID(account))
    }

    @Test(
        "What clients make of the message that they sent",
        arguments: [
            written, "Bcc: e@f\r\n" + written, "X-Mozilla-Status: 1\r\n" + written, String(written.dropLast(1)),
            written + "\r\n", written.replacing("Message-ID: <1@b>", with: "message-id:\r\n <1@b>"),
        ]
    )
    func isTheSame(text: String) { #expect(identity(text) == identity(Self.written)) }

    @Test(
        "What is another message",
        arguments: [
            written + "more\r\n", written.replacing("<1@b>", with: "<2@b>"), "Resent-To: e@f\r\n" + written,
            written.replacing("07:28:46", with: "07:28:47"), written.replacing("Message-ID: <1@b>\r\n", with: ""),
            written.replacing("said", with: "Said"), "", "\r\n",
        ]
    )
    func isAnother(text: String) { #expect(identity(text) != identity(Self.written)) }

    @Test func `Of another account it is another`() {
        #expect(identity(Self.written, 2) != identity(Self.written))
    }

    @Test func `Without Message-ID all fields count`() {
        let bare = "From: a@b\r\n\r\nsaid\r\n"
        #expect(identity(bare) == identity(bare + "\r\n"))
        #expect(identity("Bcc: e@f\r\n" + bare) != identity(bare))
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func `In whatever pieces it comes, and behind fields of ours`(size: Int) {
        let ours = "Received: from x\r\n\tby y\r\nMessage-ID: <ours@y>\r\n"
        let whole = Array((ours + Self.written).utf8)
        let headerEnd = whole.count - "\r\nsaid\r\n".utf8.count
        var identity = SentIdentity(headerEnd: headerEnd, from: ours.utf8.count)
        for start in stride(from: 0, to: whole.count, by: size) {
            let piece = Array(whole[start...].prefix(size))
            unsafe identity.add(piece.span.bytes)
        }
        #expect(identity.finish(for: AccountID(1)) == self.identity(Self.written))
    }

    // MARK: In the store

    private let date = MailDate(secondsSince1970: 0)

    private func withAccount(_ body: @Sendable @escaping (any MailAccount, EventLoop) async throws -> Void) async throws
    {
        try await EventLoop.run { loop in
            let store = LoggedMailStore(
                log: MemoryLog(),
                leases: EmbeddedLeases(epoch: 1),
                loops: [loop],
                stagingDirectory: "/tmp",
                settings: LiveSettings(),
                events: .none,
                summarize: { _ in [] }
            )
            try await body(try await store.account(AccountID(1), deadline: .now + .seconds(5)), loop)
        }
    }

    private func append(_ text: String, _ account: any MailAccount) async throws -> UIDSet {
        let new = NewMessage(StagedOctets(Array(text.utf8)), flags: .none, internalDate: date)
        let name = try #require(MailboxName("Sent"))
        return try await account.append([new], to: name, replacing: nil).uids
    }

    private func file(_ text: String, _ account: any MailAccount) async throws -> AppendOutcome {
        let message = StagedOctets(Array(text.utf8))
        return try await account.fileSent(message, identity: identity(text), internalDate: date)
    }

    private func count(_ account: any MailAccount) async throws -> Int {
        try await account.status(of: try #require(MailboxName("Sent"))).messages
    }

    @Test func `Server first, then client, and again`() async throws {
        try await withAccount { account, _ in
            let filed = try await file(Self.written, account)
            #expect(!filed.wasDuplicate)
            let same = try await append(Self.written, account)
            #expect(same == UIDSet(ascending: CollectionOfOne(filed.uid)))
            let fuller = try await append("Bcc: e@f\r\n" + Self.written, account)
            #expect(fuller != same)
            #expect(try await count(account) == 1)
            // A delivery that is repeated, because its answer was lost, finds the client's.
            #expect(try await file(Self.written, account).wasDuplicate)
            #expect(try await count(account) == 1)
        }
    }

    @Test func `Client first, then server`() async throws {
        try await withAccount { account, _ in
            _ = try await append("Bcc: e@f\r\n" + Self.written, account)
            #expect(try await file(Self.written, account).wasDuplicate)
            #expect(try await count(account) == 1)
            // What a client appends twice is there twice.
            _ = try await append("Bcc: e@f\r\n" + Self.written, account)
            #expect(try await count(account) == 2)
        }
    }

    @Test func `Both at once leave one`() async throws {
        try await withAccount { account, loop in
            for number in 0..<50 {
                let text = Self.written.replacing("<1@b>", with: "<\(number)@b>")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask(executorPreference: loop) { _ = try await append(text, account) }
                    group.addTask(executorPreference: loop) { _ = try await file(text, account) }
                    // A change that has the mailbox alone, in between.
                    group.addTask(executorPreference: loop) {
                        let inbox = try await account.status(of: .inbox).id
                        _ = try await account.expunge(nil, in: inbox, onlyDeleted: true)
                    }
                    try await group.waitForAll()
                }
            }
            #expect(try await count(account) == 50)
        }
    }
}
