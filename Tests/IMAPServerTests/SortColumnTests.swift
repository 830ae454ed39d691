// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import IMAPWire
import Locking
import MailStore
import MailTypes
import MessageFormat
import Testing

/// A message as a test knows it, with what SORT, THREAD and SEARCH have to find in it.
struct KnownMessage {
    enum Key: Comparable {
        case number(Int64)
        case text(CollationKey)
    }

    let uid: UInt32
    var id: UID { UID(uid) }
    private let size: Int
    private let header: SummaryEnvelope
    var isReadable = true

    init(uid: UInt32, text: String) {
        self.uid = uid
        size = text.utf8.count
        header = SummaryEnvelope(of: MessageStructure(parsing: Array(text.utf8)))
    }

    private var envelope: SummaryEnvelope? { isReadable ? header : nil }
    var date: MailDate? { envelope?.sentDate }
    /// Internal dates of `FakeAccount.deliver` are all the same.
    private var sent: Int64 { date?.secondsSince1970 ?? 1_000_000_000 }

    func key(_ criterion: String) -> Key {
        switch criterion {
        case "DATE": .number(sent)
        case "SIZE": .number(Int64(size))
        case "ARRIVAL": .number(0)
        case "SUBJECT": .text(BaseSubject(envelope?.text(envelope?.subject)).key)
        case "FROM": .text(envelope?.firstAddress(.from)?.sortKey ?? .empty)
        case "TO": .text(envelope?.firstAddress(.to)?.sortKey ?? .empty)
        case "CC": .text(envelope?.firstAddress(.cc)?.sortKey ?? .empty)
        case "DISPLAYFROM": .text(envelope?.firstAddress(.from)?.displayKey ?? .empty)
        default: .text(envelope?.firstAddress(.to)?.displayKey ?? .empty)
        }
    }

    func threaded(_ number: UInt32, references isWanted: Bool) -> ThreadedMessage {
        var message = ThreadedMessage(
            number: number,
            sent: sent,
            subject: BaseSubject(envelope?.text(envelope?.subject))
        )
        guard isWanted, let envelope else { return message }
        message.id = envelope.text(envelope.messageID).flatMap { MessageIDs.list(in: $0).first }
        message.references = MessageIDs.list(in: envelope.text(envelope.references) ?? [])
        if message.references.isEmpty {
            message.references = Array(MessageIDs.list(in: envelope.text(envelope.inReplyTo) ?? []).prefix(1))
        }
        return message
    }
}

/// A mailbox of which a test knows every message, and so every answer.
struct KnownMailbox {
    var messages: [KnownMessage] = []
    /// What many subjects and names begin with.
    var beginning = ""
    private var generator: Lehmer

    init(seed: UInt64) { generator = Lehmer(state: seed) }

    private struct Lehmer: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ state >> 29
        }
    }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &generator) ?? "" }

    private mutating func number(below end: Int) -> Int { Int.random(in: 0..<end, using: &generator) }

    /// A header with fields that are often the same as others', and sometimes nonsense.
    mutating func makeText() -> String {
        let month = pick(["Jan", "Feb", "Mar"])
        let ids = (0..<number(below: 4)).map { _ in "<\(number(below: 60))@x>" }.joined(separator: " ")
        let words = pick([
            "lunch", "Lunch", "dinner \(number(below: 40))", "=?utf-8?q?=C3=84pfel?=", "=?x-no?q?=FF?=", "",
        ])
        let beginning = pick(["", beginning, beginning, String(beginning.dropLast())])
        let fields = [
            pick([
                "",
                "Date: \(number(below: 28) + 1) \(month) 2024 1\(number(below: 9)):00:00 +0\(number(below: 9))00\r\n",
            ]),
            pick([
                "", "Date: nonsense\r\n", "Subject: \(pick(["", "Re: ", "[x] ", "Fwd: Re: "]))\(beginning)\(words)\r\n",
            ]),
            pick([
                "", "From: \(beginning)Zoe <b\(number(below: 9))@x>\r\n", "From: Team: Carl <C@x>, d@x;\r\n",
                "From: ä@x\r\n",
            ]),
            pick([
                "", "To: =?UTF-8?Q?=C3=84da?= <z@x>, b@x\r\n", "To: a\(number(below: 9))@x\r\n",
                "To: undisclosed:;\r\n",
            ]),
            pick(["", "Cc: \(pick(["a", "B", "c"]))@x\r\n"]),
            "Message-ID: <\(number(below: 60))@x>\r\n", pick(["References: \(ids)\r\n", "In-Reply-To: \(ids)\r\n"]),
        ]
        return fields.joined() + "\r\n" + String(repeating: "x", count: number(below: 5))
    }

    mutating func deliver(_ count: Int, to account: FakeAccount) {
        for _ in 0..<count {
            let text = makeText()
            messages.append(KnownMessage(uid: account.deliver(text).rawValue, text: text))
        }
    }

    private var criteria: [String] {
        ["DATE", "SUBJECT", "FROM", "TO", "CC", "DISPLAYFROM", "DISPLAYTO", "SIZE", "ARRIVAL"]
    }

    /// UIDs as SORT by these has to answer.
    func sorted(_ criteria: [(name: String, isReverse: Bool)], _ places: Range<Int>) -> String {
        let keys = messages.map { message in criteria.map { message.key($0.name) } }
        let order = places.sorted { a, b in
            for (place, criterion) in criteria.enumerated() where keys[a][place] != keys[b][place] {
                return (keys[a][place] < keys[b][place]) != criterion.isReverse
            }
            return a < b
        }
        return (["SORT"] + order.map { "\(messages[$0].uid)" }).joined(separator: " ")
    }

    /// Asks for some orders, all threads, and some days.
    mutating func check(_ client: IMAPTestClient) async throws {
        for name in criteria.shuffled(using: &generator).prefix(4) {
            var chosen = [(name: name, isReverse: number(below: 2) == 1)]
            if number(below: 2) == 1 { chosen.append((pick(criteria), number(below: 2) == 1)) }
            let words = chosen.map { ($0.isReverse ? "REVERSE " : "") + $0.name }.joined(separator: " ")
            let first = number(below: messages.count)
            let places = number(below: 2) == 1 ? 0..<messages.count : first..<messages.count
            let found = try await client.run("UID SORT (\(words)) UTF-8 \(places.lowerBound + 1):*")
            #expect(found == [sorted(chosen, places), "OK UID SORT completed"], "\(words)")
        }
        try await checkThreads(client)
        try await checkDays(client)
    }

    private func checkThreads(_ client: IMAPTestClient) async throws {
        for (name, byReferences) in [("REFERENCES", true), ("ORDEREDSUBJECT", false)] {
            let known = messages.map { $0.threaded($0.uid, references: byReferences) }
            var encoder = WireEncoder()
            encoder.response(.thread(byReferences ? ThreadForest(byReferences: known) : ThreadForest(bySubject: known)))
            let answer = String(decoding: encoder.bytes.dropFirst(2).dropLast(2), as: UTF8.self)
            #expect(try await client.run("UID THREAD \(name) UTF-8 ALL").first == answer)
        }
    }

    private mutating func checkDays(_ client: IMAPTestClient) async throws {
        let day = number(below: 28) + 1
        guard let wanted = CalendarDate(year: 2024, month: 2, day: day) else { return }
        for (name, holds) in [
            ("SENTSINCE", { $0 >= wanted }), ("SENTON", { $0 == wanted }), ("SENTBEFORE", { $0 < wanted }),
        ] as [(String, (CalendarDate) -> Bool)] {
            let found = messages.filter { $0.date.map { holds(CalendarDate(of: $0)) } ?? false }
            let answer = (["SEARCH"] + found.map { "\($0.uid)" }).joined(separator: " ")
            #expect(try await client.run("UID SEARCH \(name) \(day)-Feb-2024").first == answer)
        }
    }
}

@Suite("Columns: orders, threads and days of sending that are kept", .timeLimit(.minutes(20)))
struct SortColumnTests {
    @Test(
        "The answers are those of the headers, with new messages, fewer, and others' sessions, whatever is kept",
        arguments: [64 << 20, 20_000, 3_000, 0],
        [1, 2] as [UInt64]
    )
    func random(maximum: Int, seed: UInt64) async throws {
        var dialogue = Dialogue()
        dialogue.columns = ColumnTable(maximum: maximum)
        let account = dialogue.account
        try await dialogue.selectedTwice { first, second in
            var mailbox = KnownMailbox(seed: seed)
            for round in 0..<2 {
                mailbox.deliver(round == 0 ? 40 : 15, to: account)
                for client in [first, second] {
                    try await client.run("NOOP")
                    try await mailbox.check(client)
                }
                let gone = mailbox.messages.remove(at: mailbox.messages.count / 2)
                try await first.run("UID STORE \(gone.uid) +FLAGS.SILENT (\\Deleted)")
                try await first.run("UID EXPUNGE \(gone.uid)")
                try await second.run("NOOP")
                try await mailbox.check(second)
            }
        }
    }

    @Test("As many as are put in order away from the loop")
    func many() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        try await dialogue.loggedOn { client in
            var mailbox = KnownMailbox(seed: 3)
            mailbox.deliver(700, to: account)
            try await client.run("SELECT INBOX")
            // Some in the middle first: the others come before them and behind them.
            #expect(try await client.run("UID SORT (SUBJECT DATE) UTF-8 300:340").first?.hasPrefix("SORT ") == true)
            try await mailbox.check(client)
        }
    }

    @Test("Each structure is read once for what it says, by whichever session comes first")
    func readOnce() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        let structuresRead: @Sendable () -> Int = {
            account.state.withLock { state in
                defer { state.structuresRead = 0 }
                return state.structuresRead
            }
        }
        try await dialogue.selectedTwice { first, second in
            var mailbox = KnownMailbox(seed: 4)
            mailbox.deliver(30, to: account)
            for client in [first, second] { try await client.run("NOOP") }
            _ = structuresRead()
            try await first.run("THREAD REFERENCES UTF-8 ALL")
            #expect(structuresRead() == 30)
            for command in [
                "SORT (DATE) UTF-8 ALL", "SORT (REVERSE SUBJECT DATE) UTF-8 ALL", "SEARCH SENTON 1-Feb-2024",
            ] {
                try await first.run(command)
                try await second.run(command)
            }
            #expect(structuresRead() == 0)
            mailbox.deliver(2, to: account)
            try await second.run("NOOP")
            try await second.run("THREAD REFERENCES UTF-8 ALL")
            #expect(structuresRead() == 2)
            try await first.run("NOOP")
            try await first.run("SORT (SUBJECT) UTF-8 ALL")
            #expect(structuresRead() == 0)
            try await first.run("SORT (FROM) UTF-8 1:3")
            #expect(structuresRead() == 3)
            try await mailbox.check(second)
        }
    }

    @Test("What cannot be read counts as empty while it cannot, and as what it is from then on")
    func damaged() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        try await dialogue.loggedOn { client in
            var mailbox = KnownMailbox(seed: 5)
            mailbox.deliver(20, to: account)
            try await client.run("SELECT INBOX")
            for place in [0, 7, 8, 19] {
                account.damage(UID(mailbox.messages[place].uid), .refused)
                mailbox.messages[place].isReadable = false
            }
            try await mailbox.check(client)
            account.state.withLock { $0.damage = [:] }
            for place in mailbox.messages.indices { mailbox.messages[place].isReadable = true }
            try await mailbox.check(client)
        }
    }

    @Test("Structures that are lost are made again")
    func lostStructures() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        account.state.withLock { $0.keepsStructures = false }
        try await dialogue.loggedOn { client in
            var mailbox = KnownMailbox(seed: 6)
            mailbox.deliver(20, to: account)
            try await client.run("SELECT INBOX")
            try await mailbox.check(client)
            try await mailbox.check(client)
        }
    }

    @Test("Envelopes of many messages are those of each, whether they were read together or not")
    func envelopes() async throws {
        let dialogue = Dialogue()
        let account = dialogue.account
        try await dialogue.loggedOn { client in
            var mailbox = KnownMailbox(seed: 7)
            mailbox.deliver(300, to: account)
            try await client.run("SELECT INBOX")
            for place in [0, 130, 131, 299] { account.damage(UID(mailbox.messages[place].uid), .filled(0..<3)) }
            let together = try await client.run("FETCH 1:300 ENVELOPE").dropLast()
            #expect(together.count == 300)
            for number in [1, 2, 128, 129, 130, 131, 132, 133, 256, 257, 299, 300] {
                #expect(try await client.run("FETCH \(number) ENVELOPE").first == together[number - 1])
            }
            let some = try await client.run("FETCH 3:20,40:41,100:250 ENVELOPE").dropLast()
            #expect(some.elementsEqual(together[2...19] + together[39...40] + together[99...249]))
        }
    }
}
