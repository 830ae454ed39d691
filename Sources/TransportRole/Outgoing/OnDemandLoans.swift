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

    /// How long a worker that said yes may take to connect.
    private static let patience = Duration.seconds(10)

    /// Other workers' queues.
    var numbers: [Int] { MailGateway.queues(layout).filter { !own.contains($0) } }

    /// Recipients that wait for a connector in another worker's queue; 0 when it does not answer.
    func waiting(_ number: Int, _ connector: String) async -> Int {
        let request = AdminRequest(.get, ["v1", "queues", "\(number)", "held", connector])
        guard let answer = try? await client(number).send(request), answer.status < 300 else { return 0 }
        return answer.body["recipients"]?.integer.flatMap { Int(exactly: $0) } ?? 0
    }

    /// Has another worker send what it has for a connector.
    ///
    /// - Returns: false when the connection is of no use any more.
    func lend(
        _ host: SMTPHost,
        of outbound: SMTPOutbound,
        _ options: SMTPOutboundOptions,
        to number: Int,
        for connector: String,
        _ domains: Set<Domain>
    ) async -> Bool {
        let name = "\(TraceID.random())"
        let path = layout.onDemandSocket(name)
        guard let fd = try? bindUnix(path: path, mode: 0o600, backlog: 1) else { return true }
        defer {
            close(fd)
            unsafe unlink(path)
        }
        let loan = Lock((hasBegun: false, isIntact: Bool?.none))
        let listener = Listener(fd: fd, loops: [loop], maximumConnections: 1) { channel in
            let isFirst = loan.withLock { loan in
                defer { loan.hasBegun = true }
                return !loan.hasBegun
            }
            guard isFirst else { return }
            let isIntact = await outbound.lend(host, options, over: channel)
            loan.withLock { $0.isIntact = isIntact }
        }
        let listening = Task(executorPreference: loop) { await listener.run() }
        if await ask(number, connector, domains, name) {
            let latest = ContinuousClock.now + Self.patience
            while loan.withLock({ $0.isIntact == nil && ($0.hasBegun || latest > .now) }) {
                guard (try? await loop.sleep(for: .milliseconds(10))) != nil else { break }
            }
        }
        listener.stop()
        await listening.value
        return loan.withLock { $0.isIntact ?? !$0.hasBegun }
    }

    private func ask(_ number: Int, _ connector: String, _ domains: Set<Domain>, _ socket: String) async -> Bool {
        var query = [AdminRequest.Parameter("socket", socket)]
        for domain in domains { query.append(AdminRequest.Parameter("domain", domain.text)) }
        let request = AdminRequest(.post, ["v1", "queues", "\(number)", "held", connector, "fetch"], query: query)
        guard let answer = try? await client(number).send(request) else { return false }
        return answer.status < 300
    }

    private func client(_ number: Int) -> AdminClient { AdminClient(path: layout.queueSocket(number), loop: loop) }
}

extension InstanceLayout {
    /// Where another worker fetches a connection that is lent to it.
    func onDemandSocket(_ name: String) -> String { "\(run)/on-demand-\(name).sock" }
}
