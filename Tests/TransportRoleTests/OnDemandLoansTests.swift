// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Locking
import MailTypes
import Runtime
import SMTPClient
import ServiceControl
import Testing

@testable import TransportRole

@Suite(.timeLimit(.minutes(20))) struct OnDemandLoansTests {
    // MARK: Offers

    @Test func `What was withdrawn is not taken`() async {
        let offer = LoanOffer()
        #expect(offer.isOpen)
        #expect(await offer.withdraw())
        #expect(!offer.isOpen && !offer.take())
    }

    @Test(arguments: [true, false]) func `Who withdraws waits for the loan that began`(isIntact: Bool) async {
        let offer = LoanOffer()
        #expect(offer.take() && !offer.take())
        let order = Lock<[String]>([])
        let withdrawal = Task {
            let found = await offer.withdraw()
            order.withLock { $0.append("withdrawn") }
            return found
        }
        order.withLock { $0.append("over") }
        offer.end(isIntact: isIntact)
        #expect(await withdrawal.value == isIntact)
        #expect(order.withLock { $0 } == ["over", "withdrawn"])
        let over = LoanOffer()
        #expect(over.take())
        over.end(isIntact: isIntact)
        #expect(await over.withdraw() == isIntact)
    }

    // MARK: Rounds

    private static let rounds: [(tries: Set<Int>, limits: [Int])] = [
        ([], []), ([0], [0]), ([3, 0, 1], [0, 1, 3]), (Set(0..<16), Array(0..<16)),
        (Set(0..<40), Array(0..<15) + [39]),
    ]

    @Test(arguments: rounds)
    func `What was tried least goes first, in so many rounds`(tries: Set<Int>, limits: [Int]) {
        #expect(OnDemandRounds(tries).limits == limits)
    }

    // MARK: Loans

    /// A server that greets, and then says yes to everything.
    private static func serve(_ connection: Connection) async throws {
        connection.write("220 branch ready\r\n")
        try await connection.flush()
        while try await connection.readLine(maximum: 1000) != nil {
            connection.write("250 yes\r\n")
            try await connection.flush()
        }
    }

    /// Has an adopted connection lent to whoever `asking` makes of it, and gives back what came of it.
    private func lend(
        asking: @escaping @Sendable (_ socket: String, _ name: String, OnDemandSessions.Line) async -> Bool
    ) async throws -> (isIntact: Bool, isThere: Bool) {
        try await EventLoop.run { loop in
            let fd = try bindTCP(try #require(SocketAddress(host: "127.0.0.1", port: 0)))
            let listener = Listener(fd: fd, loops: [loop], maximumConnections: 9) { try? await Self.serve($0) }
            listener.start()
            let folder = "/tmp/martlet-loan-\(Hex.encode(secureRandom(8)))"
            let layout = InstanceLayout(data: folder)
            unsafe mkdir(folder, 0o700)
            unsafe mkdir(layout.run, 0o700)
            defer {
                listener.stop()
                close(fd)
                unsafe rmdir(layout.run)
                unsafe rmdir(folder)
            }
            let address = try #require(localAddress(of: fd))
            let connection = try await Connection.connect(to: address, loop: loop, timeout: .seconds(30))
            let outbound = try SMTPOutbound()
            var options = SMTPOutboundOptions(heloName: "lender.example")
            options.isAdopted = true
            options.security = .none
            options.maximumIdle = .seconds(60)
            let line = OnDemandSessions.Line(host: SMTPHost(address.host, address), options: options)
            try await outbound.adopt(connection, as: line.host, options)
            let loans = OnDemandLoans(layout: layout, loop: loop, own: [])
            let loan = OnDemandLoans.Loan(
                line: line,
                isEncrypted: false,
                connector: "branch",
                domains: [],
                call: "call",
                limit: 0
            )
            let isIntact = await loans.lend(loan, of: outbound) { name in
                await asking(layout.onDemandSocket(name), name, line)
            }
            let isThere = outbound.hasConnection(line.host, options)
            await outbound.release(line.host, options)
            return (isIntact, isThere)
        }
    }

    @Test func `Whom nobody answers keeps the connection`() async throws {
        let result = try await lend { _, _, _ in false }
        #expect(result.isIntact && result.isThere)
    }

    /// The worker began, and its answer was lost or came too late.
    @Test(arguments: [true, false]) func `A loan that began lasts to its end, whatever is heard of it`(
        isGivenBack: Bool
    ) async throws {
        let order = Lock<[String]>([])
        let result = try await lend { socket, name, line in
            guard let loop = EventLoop.current else { return false }
            let hasTried = Lock(false)
            Task(executorPreference: loop) {
                defer { hasTried.withLock { $0 = true } }
                guard let borrower = try? SMTPOutbound(),
                    let channel = try? await Connection.connect(unixPath: socket, loop: loop, timeout: .seconds(30)),
                    (try? await borrower.borrow(channel, as: line.host, line.options, isEncrypted: false)) != nil
                else { return }
                hasTried.withLock { $0 = true }
                // The lender has heard that it did not begin long before this.
                for _ in 0..<50 { try? await loop.sleep(for: .milliseconds(1)) }
                order.withLock { $0.append("over") }
                if isGivenBack {
                    await borrower.giveBack(channel, line.host, line.options, LoanEnd(secret: name))
                }
                channel.abort()
            }
            while !hasTried.withLock({ $0 }) { try? await loop.sleep(for: .milliseconds(1)) }
            return false
        }
        order.withLock { $0.append("lent") }
        #expect(order.withLock { $0 } == ["over", "lent"])
        #expect(result.isIntact == isGivenBack && result.isThere == isGivenBack)
    }
}
