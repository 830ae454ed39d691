// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Events
import Glibc
import Locking
import MailTypes
import Runtime
import SASL
import SMTPClient
import SMTPServer
import SMTPWire
import Settings
import Testing
import TransportRole

/// A back-end worker that keeps what it gets in memory: once for each delivery id.
private final class Worker: MessageSink, RecipientResolver {
    struct Stored: Sendable {
        var account: AccountID
        var id: DeliveryID
        var content: [UInt8]
    }

    let path = "/tmp/martlet-test-\(Hex.encode(secureRandom(8))).lmtp"
    let stored = Lock<[Stored]>([])
    /// Every delivery id that was tried, in turn.
    let tried = Lock<[DeliveryID]>([])
    /// What to answer for an account, instead of taking the message.
    let refusals = Lock<[AccountID: SMTPReply]>([:])
    /// Connections that are cut when this many octets came.
    let cuts = Lock<[Int]>([])
    private let running = Lock<(fd: Int32, listener: Listener)?>(nil)

    func resolve(_ recipient: ForwardPath, from: ReversePath, user: AuthenticatedUser?) async -> RecipientResolution {
        .unknown
    }

    func start(on loop: EventLoop) throws {
        let fd = try bindUnix(path: path, mode: 0o600)
        let server = SMTPServer(
            .internalLMTP,
            instance: "internal",
            hostName: "backend",
            services: SMTPServices(recipients: self, sink: self)
        )
        let listener = Listener(fd: fd, loops: [loop], maximumConnections: 100) { connection in
            guard let limit = self.cuts.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
                return await server.serve(connection)
            }
            connection.write("220 x\r\n")
            var seen: [UInt8] = []
            while seen.count < limit, let some = try? await connection.readSome(maximum: 100_000), !some.isEmpty {
                seen += some
                if seen.starts(with: "LHLO".utf8), seen.count < 30 {
                    connection.write("250-x\r\n250-PIPELINING\r\n250 CHUNKING\r\n")
                }
            }
            connection.abort()
        }
        listener.start()
        running.withLock { $0 = (fd, listener) }
    }

    func stop() {
        guard let (fd, listener) = running.withLock({ $0 }) else { return }
        listener.stop()
        close(fd)
        unsafe unlink(path)
    }

    func begin(_ transaction: MailTransaction) async throws(SMTPReply) -> any IncomingMessage {
        Incoming(self, transaction)
    }

    private final class Incoming: IncomingMessage {
        let worker: Worker
        let transaction: MailTransaction
        var content: [UInt8] = []

        init(_ worker: Worker, _ transaction: MailTransaction) {
            self.worker = worker
            self.transaction = transaction
        }

        func add(_ bytes: [UInt8]) async throws(SMTPReply) { content += bytes }
        func abort() async {}

        func finish() async -> [SMTPReply] {
            transaction.recipients.map { recipient in
                guard let delivery = recipient.deliveries.first, let id = recipient.deliveryID else {
                    return SMTPReply(550)
                }
                worker.tried.withLock { $0.append(id) }
                if let refusal = worker.refusals.withLock({ $0[delivery.account] }) { return refusal }
                worker.stored.withLock { stored in
                    guard !stored.contains(where: { $0.id == id }) else { return }
                    stored.append(Stored(account: delivery.account, id: id, content: content))
                }
                return SMTPReply(250, .other, "Stored")
            }
        }
    }
}

@Suite(.timeLimit(.minutes(20))) struct LocalDeliveryTests {
    private static func recipient(_ account: UInt64) -> TransactionRecipient? {
        guard let address = MailboxAddress("u\(account)@example.test") else { return nil }
        return TransactionRecipient(
            .address(address),
            deliveries: [LocalDelivery(account: AccountID(account), address: address)]
        )
    }

    /// Runs `body` with a delivery towards a worker; `send` gives the codes for one message to the accounts.
    private func withWorker(
        deadline: String = "10s",
        starts: Bool = true,
        _ body:
            @escaping @Sendable (
                _ worker: Worker, _ loop: EventLoop,
                _ send: @Sendable (_ text: String, _ accounts: [UInt64]) async -> [Int]
            ) async throws -> Void
    ) async throws {
        let worker = Worker()
        defer { worker.stop() }
        let settings = LiveSettings(SettingsSnapshot(texts: ["transport/local-delivery-deadline": deadline]))
        let delivery = LocalDeliverySink(
            client: LMTPClient(name: "transport"),
            spoolFolder: "/tmp",
            settings: settings,
            events: .none
        ) { _ in worker.path }
        try await EventLoop.run { loop in
            if starts { try worker.start(on: loop) }
            try await body(worker, loop) { text, accounts in
                var transaction = MailTransaction(MailCommand(.null), trace: .random(), peer: "test")
                transaction.recipients = accounts.compactMap(Self.recipient)
                transaction.traceOctets = 7
                do throws(SMTPReply) {
                    let message = try await delivery.begin(transaction)
                    try await message.add(Array("X: \(UInt8.random(in: 10...99))\r\n\(text)".utf8))
                    return await message.finish().map { Int($0.code) }
                } catch {
                    return [Int(error.code)]
                }
            }
        }
    }

    @Test func `A message reaches its account with its octets`() async throws {
        try await withWorker { worker, _, send in
            #expect(await send("Subject: x\r\n\r\nbody\r\n", [7]) == [250])
            let stored = try #require(worker.stored.withLock { $0.first })
            #expect(stored.account == AccountID(7))
            let content = String(decoding: stored.content, as: UTF8.self)
            #expect(content.hasPrefix("Return-Path: <>\r\nDelivered-To: u7@example.test\r\nX: "))
            #expect(content.hasSuffix("\r\nSubject: x\r\n\r\nbody\r\n"))
        }
    }

    @Test func `A large message goes through the spool file`() async throws {
        let text = String(repeating: String(repeating: "y", count: 76) + "\r\n", count: 20_000)
        try await withWorker { worker, _, send in
            #expect(await send(text, [1, 2]) == [250, 250])
            for stored in worker.stored.withLock({ $0 }) {
                #expect(stored.content.suffix(text.utf8.count).elementsEqual(text.utf8))
            }
            #expect(worker.stored.withLock { $0.count } == 2)
        }
    }

    @Test func `A worker that is away for a moment is waited for`() async throws {
        try await withWorker(starts: false) { worker, loop, send in
            async let codes = send("x\r\n", [1])
            try await loop.sleep(for: .milliseconds(200))
            try worker.start(on: loop)
            #expect(await codes == [250])
        }
    }

    @Test(arguments: [0, 10, 40, 300])
    func `A worker that dies in the middle is not seen, and nothing is doubled`(octets: Int) async throws {
        try await withWorker { worker, _, send in
            worker.cuts.withLock { $0 = [octets, octets] }
            #expect(await send(String(repeating: "x", count: 200) + "\r\n", [1]) == [250])
            #expect(worker.stored.withLock { $0.count } == 1)
        }
    }

    @Test func `A worker that drains is tried again, one that refuses is not`() async throws {
        try await withWorker(deadline: "1s") { worker, _, send in
            worker.refusals.withLock { $0[AccountID(1)] = SMTPReply(451, .notAccepting, "draining") }
            #expect(await send("x\r\n", [1]) == [451])
            #expect(worker.tried.withLock { $0.count } > 2)
            #expect(Set(worker.tried.withLock { $0 }).count == 1)
            worker.refusals.withLock { $0[AccountID(1)] = SMTPReply(552, .mailboxFull, "full") }
            worker.tried.withLock { $0 = [] }
            #expect(await send("x\r\n", [1]) == [552])
            #expect(worker.tried.withLock { $0.count } == 1)
        }
    }

    @Test func `A message that was put off for some is not doubled for the others`() async throws {
        try await withWorker { worker, _, send in
            worker.refusals.withLock { $0[AccountID(2)] = SMTPReply(452, .mailboxFull, "full") }
            #expect(await send("a: b\r\n", [1, 2]) == [250, 452])
            worker.refusals.withLock { $0 = [:] }
            #expect(await send("a: b\r\n", [1, 2]) == [250, 250])
            #expect(worker.stored.withLock { $0.map(\.account) } == [AccountID(1), AccountID(2)])
            #expect(await send("a: b\r\n", [1, 2]) == [250, 250])
            #expect(worker.stored.withLock { $0.count } == 4, "sent once more on purpose, it is a message of its own")
        }
    }

    @Test func `An unreachable worker means 451 after the deadline, and no sooner`() async throws {
        try await withWorker(deadline: "1s", starts: false) { _, _, send in
            let start = ContinuousClock.now
            #expect(await send("x\r\n", [1]) == [451])
            #expect(start.duration(to: .now) > .milliseconds(400))
        }
    }

    @Test func `Two ways to one account are one delivery`() async throws {
        try await withWorker { worker, _, send in
            #expect(await send("x\r\n", [1, 1, 1]) == [250, 250, 250])
            #expect(worker.stored.withLock { $0.count } == 1)
        }
    }
}
