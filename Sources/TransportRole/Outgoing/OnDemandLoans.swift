// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import Locking
internal import MailAdmin
internal import MailTypes
internal import Runtime
internal import SMTPClient
internal import SMTPWire
internal import ServiceControl

/// Lends the connection of somebody who fetches held mail to the workers that have the other queues, one after another.
///
/// The worker is asked to fetch, with the name of a socket in the folder `run`; it connects there, and is at the other
/// end of a loan (`SMTPOutbound.lend`).
struct OnDemandLoans: Sendable {
    let layout: InstanceLayout
    let loop: EventLoop
    /// Numbers of this worker's queues.
    let own: Set<Int>

    /// What is lent: a connection, for the mail of a connector.
    struct Loan: Sendable {
        let line: OnDemandSessions.Line
        /// Whether the one who fetches the mail set up TLS.
        let isEncrypted: Bool
        let connector: String
        /// None for all.
        let domains: Set<Domain>
        /// Names the call.
        let call: String
        /// How often what goes now was tried, at most.
        let limit: Int
    }

    /// How long a worker may take to answer, and, when it said yes, to connect: somebody waits on the line.
    private static let patience = Duration.seconds(10)

    /// Other workers' queues.
    var numbers: [Int] { MailGateway.queues(layout).filter { !own.contains($0) } }

    /// Recipients that wait for a connector in another worker's queue; 0 when it does not answer.
    func waiting(_ number: Int, _ connector: String) async -> Int {
        await held(number, connector)?["recipients"]?.integer.flatMap { Int(exactly: $0) } ?? 0
    }

    /// How often what waits for a connector in another worker's queue was tried, each number once; none when it does
    /// not answer.
    func tries(_ number: Int, _ connector: String) async -> Set<Int> {
        let found = await held(number, connector)?["tries"]?.array ?? []
        return Set(found.compactMap { $0.integer.flatMap { Int(exactly: $0) } })
    }

    private func held(_ number: Int, _ connector: String) async -> JSONValue? {
        let request = AdminRequest(.get, ["v1", "queues", "\(number)", "held", connector])
        guard let answer = try? await client(number).send(request), answer.status < 300 else { return nil }
        return answer.body
    }

    /// Has another worker send what it has for a connector.
    ///
    /// - Returns: false when the connection is of no use any more.
    func lend(_ lent: Loan, of outbound: SMTPOutbound, to number: Int) async -> Bool {
        await lend(lent, of: outbound) { name in await ask(number, lent, name) }
    }

    /// As above.
    ///
    /// - Parameter asking: asks the other worker, with the name of the socket; whether it said that it has begun, which
    ///   it may have even so.
    func lend(_ lent: Loan, of outbound: SMTPOutbound, asking: (String) async -> Bool) async -> Bool {
        let name = "\(TraceID.random())"
        let path = layout.onDemandSocket(name)
        guard let fd = try? bindUnix(path: path, mode: 0o600, backlog: 1) else { return true }
        defer {
            close(fd)
            unsafe unlink(path)
        }
        let offer = LoanOffer()
        let listener = Listener(fd: fd, loops: [loop], maximumConnections: 1) { channel in
            guard offer.take() else { return }
            let (host, options) = (lent.line.host, lent.line.options)
            offer.end(isIntact: await outbound.lend(host, options, over: channel, until: LoanEnd(secret: name)))
        }
        let listening = Task(executorPreference: loop) { await listener.run() }
        if await asking(name) {
            let latest = ContinuousClock.now + Self.patience
            while offer.isOpen, latest > .now {
                guard (try? await loop.sleep(for: .milliseconds(10))) != nil else { break }
            }
        }
        // A loan that began lasts until its end, however late the worker says so; none begins after this.
        let isIntact = await offer.withdraw()
        listener.stop()
        await listening.value
        return isIntact
    }

    private func ask(_ number: Int, _ lent: Loan, _ socket: String) async -> Bool {
        var query = [
            AdminRequest.Parameter("socket", socket),
            AdminRequest.Parameter("peer", lent.line.host.address.host),
            AdminRequest.Parameter("port", "\(lent.line.host.address.port)"),
            AdminRequest.Parameter("call", lent.call),
            AdminRequest.Parameter("tries", "\(lent.limit)"),
        ]
        if lent.isEncrypted { query.append(AdminRequest.Parameter("encrypted", "yes")) }
        for domain in lent.domains { query.append(AdminRequest.Parameter("domain", domain.text)) }
        let request = AdminRequest(.post, ["v1", "queues", "\(number)", "held", lent.connector, "fetch"], query: query)
        guard let answer = try? await client(number).send(request) else { return false }
        return answer.status < 300
    }

    private func client(_ number: Int) -> AdminClient {
        AdminClient(path: layout.queueSocket(number), loop: loop, patience: Self.patience)
    }
}
