// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Locking
import Runtime
import SASL
import SMTPServer
import SMTPWire
import Settings
import Testing

/// Limits, lists and the greylist, without a connection.
@Suite(.timeLimit(.minutes(20))) struct ClientControlTests {
    private static func address(_ text: String) throws -> SocketAddress {
        try #require(SocketAddress(host: text, port: 4711))
    }

    // MARK: Rates

    @Test(arguments: [
        ("100/1h", true), ("none", true), ("1/1s", true), ("0/1h", false), ("5/10", false), ("x", false),
        ("5/1000d", false), ("-1/1h", false), ("", false),
    ])
    func `How limits are written`(text: String, isRight: Bool) {
        let limit = RateLimit(settingText: text)
        #expect((limit != nil) == isRight)
        #expect(limit.map(\.settingText) == (isRight ? text : nil))
    }

    @Test func `A bucket holds what the limit allows, and fills at its pace`() throws {
        let now = Lock<Int64>(1000)
        let limiter = RateLimiter { now.withLock { $0 } }
        let limit = RateLimit(count: 6, window: .seconds(60))
        let client = RateLimiter.Subject(address: try Self.address("192.0.2.1"))
        for _ in 0..<6 { #expect(limiter.take(.messages, of: client, "1", limit) == nil) }
        #expect(limiter.take(.messages, of: client, "1", limit) == 10)
        now.withLock { $0 += 9_500 }
        #expect(limiter.take(.messages, of: client, "1", limit) == 1)
        now.withLock { $0 += 600 }
        #expect(limiter.take(.messages, of: client, "1", limit) == nil)
        #expect(limiter.take(.messages, of: client, "1", limit) != nil)
        // Others, other matters and other listeners have buckets of their own.
        let other = RateLimiter.Subject(address: try Self.address("192.0.2.2"))
        #expect(limiter.take(.messages, of: other, "1", limit) == nil)
        #expect(limiter.take(.recipients, of: client, "1", limit) == nil)
        #expect(limiter.take(.messages, of: client, "2", limit) == nil)
        now.withLock { $0 += 86_400_000 }
        for _ in 0..<6 { #expect(limiter.take(.messages, of: client, "1", limit) == nil) }
        #expect(limiter.take(.messages, of: client, "1", limit) != nil)
        #expect(limiter.take(.messages, of: nil, "1", limit) == nil)
        #expect(limiter.take(.messages, of: other, "3", limit, amount: 1_000_000) == nil)
    }

    @Test(arguments: [(1, 10, 1), (3, 3600, 100), (7, 10, 1), (500, 10, 1)])
    func `Whoever goes on asking gets what the limit allows`(count: Int, window: Int, step: Int64) {
        let now = Lock<Int64>(1000)
        let limiter = RateLimiter { now.withLock { $0 } }
        let limit = RateLimit(count: count, window: .seconds(window))
        let client = RateLimiter.Subject.account(1)
        var taken = 0
        while limiter.take(.messages, of: client, "1", limit) == nil { taken += 1 }
        #expect(taken == count)
        // For as long as it takes to fill.
        for _ in 0..<(Int64(window) * 1000 / step) {
            now.withLock { $0 += step }
            if limiter.take(.messages, of: client, "1", limit) == nil { taken += 1 }
        }
        #expect(taken == count * 2)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.254", true), ("192.0.2.1", "192.0.3.1", false),
        ("2001:db8::1", "2001:db8::ffff", true), ("2001:db8::1", "2001:db8:0:1::1", false),
    ])
    func `A network is what one customer has`(a: String, b: String, isSame: Bool) throws {
        let subjects = try [a, b].map { RateLimiter.Subject(networkOf: try Self.address($0)) }
        #expect((subjects[0] == subjects[1]) == isSame)
        #expect(RateLimiter.Subject(networkOf: .unix) == nil)
    }

    @Test func `Memory is bounded, and holds who has taken most`() throws {
        let now = Lock<Int64>(0)
        let limiter = RateLimiter(SharedTable(slots: 256)) { now.withLock { $0 } }
        let limit = RateLimit(count: 4, window: .seconds(3600))
        let greedy = RateLimiter.Subject.account(1)
        for _ in 0..<4 { #expect(limiter.take(.messages, of: greedy, "1", limit) == nil) }
        for number in 0..<4000 {
            #expect(limiter.take(.connections, of: .network(UInt128(number), bits: 32), "1", limit) == nil)
            #expect(limiter.take(.messages, of: greedy, "1", limit) != nil)
        }
        #expect((128...256).contains(limiter.count))
        now.withLock { $0 = 3_600_000 * 2 }
        #expect(limiter.count == 0)
        #expect(limiter.take(.messages, of: greedy, "1", limit) == nil)
    }

    /// Tables of several processes in the same memory.
    private static func shared(_ count: Int, slots: Int) throws -> [SharedTable] {
        let fd = try #require(SharedTable.makeMemory(octets: SharedTable.octets(slots: slots)))
        defer { close(fd) }
        return try (0..<count).map { _ in try #require(SharedTable(slots: slots, sharedIn: fd, at: 0)) }
    }

    @Test func `Workers count together, and who follows them counts on`() throws {
        let limit = RateLimit(count: 4, window: .seconds(3600))
        let client = RateLimiter.Subject(address: try Self.address("192.0.2.1"))
        let tables = try Self.shared(3, slots: 64)
        let workers = tables.prefix(2).map { RateLimiter($0) { 1000 } }
        for turn in 0..<4 { #expect(workers[turn % 2].take(.messages, of: client, "1", limit) == nil) }
        #expect(workers.allSatisfy { $0.take(.messages, of: client, "1", limit) == 900 })
        #expect(RateLimiter(tables[2]) { 1000 }.take(.messages, of: client, "1", limit) == 900)
        #expect(RateLimiter { 1000 }.take(.messages, of: client, "1", limit) == nil)
    }

    @Test func `A limit that is made narrower holds at once`() {
        let limiter = RateLimiter { 1000 }
        let client = RateLimiter.Subject.account(1)
        let wide = RateLimit(count: 2, window: .seconds(86_400))
        for _ in 0..<2 { #expect(limiter.take(.messages, of: client, "1", wide) == nil) }
        #expect(limiter.take(.messages, of: client, "1", wide) == 43_200)
        #expect(limiter.take(.messages, of: client, "1", RateLimit(count: 2, window: .seconds(60))) == 30)
    }

    @Test func `Many threads take no more than there is`() async throws {
        let limit = RateLimit(count: 1000, window: .seconds(3600))
        let workers = try Self.shared(4, slots: 64).map { RateLimiter($0) { 1000 } }
        let taken = await withTaskGroup(of: Int.self) { group in
            for worker in workers {
                group.addTask {
                    (0..<1000).count { _ in worker.take(.messages, of: .account(7), "1", limit) == nil }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(taken == 1000)
    }

    // MARK: Lists

    @Test(arguments: [
        ("bl.example.org", true), ("bl.example.org reject", true), ("wl.example.org allow", true),
        ("bl.example=127.0.0.4-7 score 3", true), ("bl.example=127.0.0.2 mark", true), ("bl", false), ("", false),
        ("bl.example score", false), ("bl.example score x", false), ("bl.example=10.0.0.1", false),
        ("bl.example=127.0.0.7-4", false), ("bl..example", false), ("bl.example maybe", false), ("b/l.example", false),
    ])
    func `How lists are written`(text: String, isRight: Bool) { #expect((AddressList(text) != nil) == isRight) }

    @Test func `What lists are asked, and which answers count`() throws {
        let list = try #require(AddressList("bl.example=127.0.0.4-7 score 3"))
        #expect(list.name(for: try Self.address("192.0.2.1")) == "1.2.0.192.bl.example")
        #expect(
            list.name(for: try Self.address("2001:db8::1"))
                == "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example"
        )
        #expect(list.name(for: .unix) == nil)
        #expect(list.hit(["127.0.0.2", "127.0.0.5"]) == "127.0.0.5")
        #expect(list.hit(["127.0.0.8", "127.0.1.5", "10.0.0.5", "127.0.0.x", ""]) == nil)
    }

    @Test func `What comes of several lists`() throws {
        var verdict = AddressListVerdict()
        verdict.add(try #require(AddressList("a.example score 2")), "127.0.0.2")
        verdict.add(try #require(AddressList("b.example score 3")), "127.0.0.3")
        #expect(verdict.score == 5 && verdict.rejecting == nil)
        #expect(verdict.marks == "a.example (127.0.0.2), b.example (127.0.0.3)")
        verdict.add(try #require(AddressList("c.example")), "127.0.0.2")
        #expect(verdict.rejecting?.zone == "c.example")
        verdict.add(try #require(AddressList("w.example allow")), "127.0.0.1")
        #expect(verdict.isAllowed && verdict.rejecting == nil && !verdict.marks.contains("w.example"))
    }

    // MARK: Greylist

    private static let delay = Duration.seconds(300)

    private static func wait(_ list: Greylist, _ host: String, _ sender: String = "<a@b>", _ to: String = "<c@d>")
        throws
        -> Int?
    {
        list.wait(try address(host), from: sender, to: to, delay: delay, retention: .seconds(864_000))
    }

    @Test func `Strangers are put off once, and known by their network`() throws {
        let now = Lock<Int64>(1_800_000_000)
        let list = Greylist { now.withLock { $0 } }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        now.withLock { $0 += 100 }
        #expect(try Self.wait(list, "192.0.2.77") == 200)
        #expect(try Self.wait(list, "192.0.3.1") == 300)
        #expect(try Self.wait(list, "192.0.2.1", "<other@b>") == 300)
        #expect(try Self.wait(list, "192.0.2.1", "<a@b>", "<other@d>") == 300)
        now.withLock { $0 += 200 }
        #expect(try Self.wait(list, "192.0.2.1", "<A@B>", "<C@D>") == nil)
        now.withLock { $0 += 863_000 }
        #expect(try Self.wait(list, "192.0.2.1") == nil)
        now.withLock { $0 += 863_999 }
        #expect(try Self.wait(list, "192.0.2.1") == nil)
        now.withLock { $0 += 864_000 }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        // Who comes back too late is a stranger again.
        now.withLock { $0 += Greylist.longestWait }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
    }

    @Test func `It comes back as it was, and no other octets are taken for it`() throws {
        let now = Lock<Int64>(1_800_000_000)
        func list() -> Greylist { Greylist(SharedTable(slots: 4096)) { now.withLock { $0 } } }
        let (before, again) = (list(), list())
        let changes = before.changes
        for number in 0..<50 { _ = try Self.wait(before, "192.0.2.1", "<\(number)@b>") }
        #expect(before.changes != changes && before.count == 50)
        let octets = before.encoded()
        for index in stride(from: 0, to: octets.count, by: 7) {
            var damaged = octets
            damaged[index] ^= 0x10
            #expect(!again.restore(damaged))
            #expect(!again.restore(Array(octets.prefix(index))))
        }
        #expect(again.count == 0 && !again.restore([]))
        now.withLock { $0 += 300 }
        #expect(again.restore(octets) && again.count == 50)
        #expect(try Self.wait(again, "192.0.2.1", "<7@b>") == nil)
        // Strangers whose time is over are not kept.
        now.withLock { $0 += Greylist.longestWait }
        let later = list()
        #expect(later.restore(again.encoded()) && later.count == 1)
    }

    @Test func `What was kept says no more than what is known`() throws {
        let now = Lock<Int64>(1_800_000_000)
        let list = Greylist(SharedTable(slots: 256)) { now.withLock { $0 } }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        let octets = list.encoded()
        now.withLock { $0 += 300 }
        #expect(try Self.wait(list, "192.0.2.1") == nil)
        // Who has passed meanwhile is no stranger again, and who was put off later has waited since the first time.
        #expect(list.restore(octets) && list.count == 1)
        #expect(try Self.wait(list, "192.0.2.1") == nil)
        let late = Greylist(SharedTable(slots: 256)) { now.withLock { $0 } }
        #expect(try Self.wait(late, "192.0.2.1") == 300)
        #expect(late.restore(octets))
        #expect(try Self.wait(late, "192.0.2.1") == nil)
    }

    @Test func `All workers know who was put off`() throws {
        let now = Lock<Int64>(1_800_000_000)
        let lists = try Self.shared(2, slots: 64).map { table in Greylist(table) { now.withLock { $0 } } }
        #expect(try Self.wait(lists[0], "192.0.2.1") == 300)
        now.withLock { $0 += 200 }
        #expect(try Self.wait(lists[1], "192.0.2.1") == 100)
        now.withLock { $0 += 100 }
        #expect(try Self.wait(lists[1], "192.0.2.1") == nil)
        #expect(try Self.wait(lists[0], "192.0.2.1") == nil)
    }

    @Test func `A clock that is set back lets nobody wait for longer`() throws {
        let now = Lock<Int64>(1_900_000_000)
        let list = Greylist { now.withLock { $0 } }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        now.withLock { $0 = 1_800_000_000 }
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        now.withLock { $0 += 300 }
        #expect(try Self.wait(list, "192.0.2.1") == nil)
    }

    @Test func `Its memory is bounded, and strangers drive out strangers only`() throws {
        let now = Lock<Int64>(1_800_000_000)
        let list = Greylist(SharedTable(slots: 256)) { now.withLock { $0 } }
        let address = try Self.address("192.0.2.1")
        #expect(try Self.wait(list, "192.0.2.1") == 300)
        now.withLock { $0 += 300 }
        #expect(try Self.wait(list, "192.0.2.1") == nil)
        for number in 0..<4000 {
            _ = list.wait(address, from: "\(number)", to: "", delay: Self.delay, retention: .seconds(60))
        }
        #expect((128...256).contains(list.count))
        #expect(list.encoded().count <= 12 + 256 * 16)
        #expect(try Self.wait(list, "192.0.2.1") == nil)
    }

    // MARK: XCLIENT

    @Test(
        arguments: [
            ("ADDR=192.0.2.1 PORT=4711", "192.0.2.1", 4711),
            ("ADDR=IPV6:2001:db8::1 NAME=x HELO=y PROTO=ESMTP", "2001:db8::1", nil),
            ("ADDR=[UNAVAILABLE] LOGIN=[UNAVAILABLE] PORT=[TEMPUNAVAIL]", nil, nil), ("NAME=a+2Bb", nil, nil),
        ] as [(String, String?, UInt16?)]
    )
    func `Attributes of a client`(line: String, address: String?, port: UInt16?) throws {
        guard case .clientAttributes(let read) = try SMTPCommand.parse(Array("XCLIENT \(line)".utf8)) else { return }
        #expect(read.address == address && read.port == port)
        let written = SMTPCommand.clientAttributes(read)
        #expect(try SMTPCommand.parse(Array(written.encoded.dropLast(2))) == written)
    }

    @Test(arguments: [
        "", "ADDR", "ADDR=", "PORT=70000", "LOGIN=alice", "COLOUR=red", "NAME=+zz", "NAME=+0D", "ADDR=IPV6:",
    ])
    func `What is no attribute`(line: String) {
        let error = #expect(throws: SMTPSyntaxError.self) { try SMTPCommand.parse(Array("XCLIENT \(line)".utf8)) }
        #expect(error?.reply.code == 501)
    }

    @Test func `XCLIENT is for proxies that are named`() throws {
        var limits = SMTPLimits()
        let session = { (limits: SMTPLimits) in
            SMTPSession(
                .receive,
                limits: limits,
                hostName: "mx",
                peer: "192.0.2.1",
                channel: .clear,
                canStartTLS: false
            )
        }
        let command = SMTPCommand.clientAttributes(ClientAttributesCommand(address: "192.0.2.9", port: 7))
        var stranger = session(limits)
        guard case .reply(let refused) = stranger.check(command) else {
            Issue.record("not refused")
            return
        }
        #expect(refused.code == 550 && !stranger.extensions.contains { $0.hasPrefix("XCLIENT") })
        limits.proxyNetworks = ["192.0.2.0/24"].compactMap(IPNetwork.init)
        limits.apply(to: try Self.address("192.0.2.1"))
        var proxy = session(limits)
        #expect(proxy.check(command) == .presentClient(SocketAddress(host: "192.0.2.9", port: 7)))
        #expect(proxy.extensions.contains("XCLIENT NAME ADDR PORT PROTO HELO"))
        let wrong = SMTPCommand.clientAttributes(ClientAttributesCommand(address: "example.org"))
        guard case .reply(let reply) = proxy.check(wrong) else { return }
        #expect(reply.code == 501)
    }

    // MARK: On a connection

    private static let envelope = "EHLO x\r\nMAIL FROM:<a@b>\r\n"

    @Test func `A client that talks before it is its turn is noted, refused, or not`() async throws {
        for (policy, end, isNoted) in [
            ("ignore", "220 250 221", false), ("note", "220 250 221", true), ("refuse", "554", true),
        ] {
            let test = TestServer(settings: ["smtp/early-talkers": policy])
            #expect(try await test.codes("EHLO x\r\nQUIT\r\n").hasSuffix(end))
            #expect(test.events.all.contains("smtp.client.early") == isNoted)
        }
    }

    @Test func `Names that are guessed are answered slowly`() async throws {
        let guesses = (0..<5).map { "RCPT TO:<nobody\($0)@example.test>\r\n" }.joined()
        let test = TestServer(settings: ["smtp/tarpit-after": "2", "smtp/tarpit-delay": "200ms"])
        let start = ContinuousClock.now
        #expect(try await test.codes("\(Self.envelope)\(guesses)QUIT\r\n") == "220 250 250 550 550 550 550 550 221")
        #expect(start.duration(to: .now) >= .milliseconds(600))
        #expect(test.events.all.filter { $0 == "smtp.recipient.guessing" }.count == 1)
        let quick = TestServer(settings: ["smtp/tarpit-after": "2", "smtp/tarpit-delay": "0s"])
        try await quick.run("\(Self.envelope)\(guesses)QUIT\r\n")
        #expect(!quick.events.all.contains("smtp.recipient.guessing"))
    }

    @Test func `A user who sends more than they may is told when to go on`() async throws {
        let test = TestServer(
            .submission,
            settings: ["smtp/messages-per-account": "2/1h", "smtp/recipients-per-account": "3/1h"]
        )
        let message = "MAIL FROM:<alice@example.test>\r\nRCPT TO:<bob@example.test>\r\nRSET\r\n"
        let said = try await test.run(
            "\(SubmissionTests.logOn)\(message)\(message)MAIL FROM:<alice@example.test>\r\nQUIT\r\n"
        )
        #expect(said.contains("450 4.7.0 Too many messages from alice@example.test, try again in "))
        let more = try await test.run(
            "\(SubmissionTests.logOn)QUIT\r\n"
        )
        #expect(more.contains("\r\n235 "))
        #expect(test.events.all.contains("smtp.rate.exceeded"))
    }

    @Test func `Whoever goes on at a limit is cut off, and fills no log`() async throws {
        let test = TestServer(.submission, settings: ["smtp/messages-per-account": "1/1h", "smtp/maximum-errors": "5"])
        let mail = "MAIL FROM:<alice@example.test>\r\n"
        let script = SubmissionTests.logOn + mail + "RSET\r\n" + String(repeating: mail, count: 50)
        #expect(try await test.codes(script).hasSuffix("250 250 450 450 450 450 450 421"))
        #expect(test.events.all.filter { $0 == "smtp.rate.exceeded" }.count == 1)
        #expect(test.events.all.filter { $0 == "smtp.session.put-off" }.count == 1)
    }

    @Test func `Whoever is put off at each recipient is cut off, and fills no log`() async throws {
        let many = (0..<300).map { _ in "RCPT TO:<slow@example.test>\r\n" }.joined()
        let test = TestServer(settings: ["smtp/maximum-recipients": "200"])
        let codes = try await test.codes(Self.envelope + many)
        #expect(codes.split(separator: " ").filter { $0 == "451" }.count == 200 && codes.hasSuffix("451 421"))
        #expect(test.events.all.filter { $0 == "smtp.recipient.refused" }.count == 100)
        #expect(test.events.all.filter { $0 == "smtp.session.put-off" }.count == 1)
    }
}
