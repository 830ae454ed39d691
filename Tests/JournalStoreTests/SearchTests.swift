// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Journal
import JournalStore
import MailStore
import MailTypes
import MessageFormat
import Runtime
import SearchIndex
import Settings
import Testing

private let texts = [
    "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\nFrom: Alice <alice@example.test>\r\n\r\nquarterly report\r\n",
    "Subject: plain\r\n\r\nNothing to see,\r\nreally nothing\r\n",
    "Subject: coded\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n",
    "Subject: long\r\n\r\n" + String(repeating: "filler line of some length\r\n", count: 12_000) + "the very end\r\n",
    "no header at all",
    "",
]

private let searches: [(String, MessageSearch.Scope, [Int])] = [
    ("grüße", .header("subject"), [0]), ("ALICE", .header("From"), [0]), ("quarterly", .body, [0]),
    ("see, really", .text, [1]), ("hidden treasure", .body, [2]), ("aGlkZGVu", .body, []), ("very end", .text, [3]),
    ("nothing", .text, [1]), ("header", .text, [4]), ("", .body, [0, 1, 2, 3, 4, 5]), ("coded", .body, []),
]

extension MailAccount {
    fileprivate func find(_ text: String, _ scope: MessageSearch.Scope, in mailbox: MailboxName = .inbox) async throws
        -> [Int]
    {
        let messages = try await snapshot(of: mailbox).messages
        let search = TextSearch([MessageSearch.Term(SearchNeedle(text), in: scope)], .term(0))
        return try await self.search(messages, at: Array(messages.indices), for: search, while: { true })
    }
}

extension StoreHarness {
    fileprivate func makeTexts(anew: Bool = false) async throws {
        try await (store as? JournalStore)?.makeTexts(of: AccountID(7), anew: anew)
    }

    /// The sidecar, read as if for the first time.
    fileprivate func sidecar() throws -> SidecarState {
        let format = WholeFile.contents(directory + "/accounts/07/7.text") ?? []
        let identity = Array(format.dropFirst(8).prefix(16))
        let place = SidecarPlace(path: directory + "/accounts/07/7.text", identity: identity, account: 7)
        return TextSidecar(place).load()
    }
}

@Suite("Every engine: search")
struct SearchTests {
    @Test("The same is found with texts and without, and after a reopening", arguments: Engine.allCases)
    func agreement(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        for text in texts { try await harness.account().put(Array(text.utf8)) }
        for round in 0..<4 {
            let account = try await harness.account()
            for (text, scope, expected) in searches {
                #expect(try await account.find(text, scope) == expected, "\(text), round \(round)")
            }
            if round == 0 { try await harness.makeTexts() }
            if round == 1 { try await harness.reopen() }
            if round == 2 { harness.settings.set(["store/search-index": "off"]) }
        }
        if engine == .journal { #expect(try harness.sidecar().count == texts.count) }
        await harness.close()
    }

    @Test(
        "Only those that are asked for are answered, and a search that nobody waits for ends",
        arguments: Engine.allCases
    )
    func bounds(engine: Engine) async throws {
        let harness = try await StoreHarness(engine)
        let account = try await harness.account()
        for _ in 0..<20 { try await account.put(Array("Subject: x\r\n\r\nsame".utf8)) }
        try await harness.makeTexts()
        let messages = try await account.snapshot(of: .inbox).messages
        let search = TextSearch(
            [MessageSearch.Term(SearchNeedle("same"), in: .body)],
            .all([.known { $0 != 9 }, .term(0)])
        )
        let some = try await account.search(messages, at: [3, 9, 19, 20, -1], for: search, while: { true })
        #expect(some == [3, 19])
        var asked = 0
        _ = try await account.search(messages, at: Array(messages.indices), for: search) {
            asked += 1
            return false
        }
        #expect(asked <= 2)
        await harness.close()
    }
}

@Suite("The embedded engine: search texts", .timeLimit(.minutes(20)))
struct SearchTextTests {
    @Test("Texts are made behind deliveries, and copies have one")
    func background() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        for number in 0..<70 { try await account.put(Array("Subject: \(number)\r\n\r\ntext\r\n".utf8)) }
        let id = try await account.status(of: .inbox).id
        _ = try await account.transfer(UIDSet([1...10]), from: id, to: name("Archive"), removingSource: false)
        _ = try await account.transfer(UIDSet([11...20]), from: id, to: name("Archive"), removingSource: true)
        while try harness.sidecar().count < 64 { try await Task.sleep(for: .milliseconds(20)) }
        #expect(try await account.find("text", .body, in: name("Archive")).count == 20)
        try await harness.makeTexts()
        #expect(try harness.sidecar().count == 70)
        await harness.close()
    }

    @Test("When most messages are gone, so are their texts")
    func rewriting() async throws {
        let harness = try await StoreHarness(.journal)
        let account = try await harness.account()
        for number in 0..<520 { try await account.put(Array("Subject: \(number)\r\n\r\nx\r\n".utf8)) }
        try await harness.makeTexts()
        let id = try await account.status(of: .inbox).id
        _ = try await account.expunge(UIDSet([1...500]), in: id, onlyDeleted: false)
        try await harness.makeTexts()
        let state = try harness.sidecar()
        #expect(state.count == 20 && state.listed == 20)
        #expect(try await account.find("51", .header("subject")) == Array(10..<20))
        try await harness.store.remove(AccountID(7))
        #expect(WholeFile.contents(harness.directory + "/accounts/07/7.text") == nil)
        await harness.close()
    }

    @Test("Of a damaged message what can be read is found", arguments: ["fill", "refuse"])
    func damage(policy: String) async throws {
        let harness = try await StoreHarness(.journal)
        harness.settings.set(["store/corrupt-message-policy": policy])
        let start = Array("Subject: findable\r\n\r\nbeginning ".utf8)
        let octets = start + [UInt8](repeating: 0x2E, count: 70_000) + Array(" ending".utf8)
        try await harness.account().put(octets)
        let path = harness.directory + "/shard-00/segment-0000000001.log"
        await harness.close()
        var segment = try #require(WholeFile.contents(path))
        for octet in 300..<304 { segment[segment.count - octet] ^= 0x55 }
        WholeFile.replace(path, with: segment)
        try await harness.open()
        let account = try await harness.account()
        for _ in 0..<2 {
            #expect(try await account.find("findable", .header("Subject")) == [0])
            #expect(try await account.find("beginning", .text) == [0])
            #expect(try await account.find("ending", .body) == [])
            #expect(try await account.find("octets lost", .text) == [])
            try await harness.makeTexts()
        }
        #expect(try harness.sidecar().count == 0)
        #expect(harness.events.count(of: 12003) > 0)
        await harness.close()
    }

    @Test("Damaged search texts are told, and made again")
    func damagedTexts() async throws {
        let harness = try await StoreHarness(.journal)
        for text in texts { try await harness.account().put(Array(text.utf8)) }
        try await harness.makeTexts()
        // How many depends on how far the texts were when the next message came.
        let blocks = try harness.sidecar().blockCount
        await harness.close()
        for ending in ["-a", "-b"] {
            let path = harness.directory + "/accounts/07/7.text" + ending
            guard var bytes = WholeFile.contents(path) else { continue }
            for index in 60..<bytes.count { bytes[index] ^= 0x55 }
            WholeFile.replace(path, with: bytes)
        }
        try await harness.open()
        let account = try await harness.account()
        for (text, scope, expected) in searches { #expect(try await account.find(text, scope) == expected) }
        let told = harness.events.count(of: 9280)
        #expect((1...blocks).contains(told))
        try await harness.makeTexts()
        for (text, scope, expected) in searches { #expect(try await account.find(text, scope) == expected) }
        #expect(harness.events.count(of: 9280) == told)
        await harness.close()
    }
}

extension LiveSettings {
    fileprivate func set(_ values: [String: String]) {
        replace(with: SettingsSnapshot(texts: values))
    }
}
