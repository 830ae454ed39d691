// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailQueue
internal import MailTypes
internal import Runtime
internal import SMTPClient
internal import SMTPWire
internal import ServiceControl
internal import Settings

/// Sends held mail of this worker's queues over a connection that another worker lends (`OnDemandLoans`).
struct OnDemandFetches: Sendable {
    let queues: [Int: MailQueue]
    let outbound: SMTPOutbound
    let sessions: OnDemandSessions
    let settings: LiveSettings
    let hostName: String
    let layout: InstanceLayout
    let loop: EventLoop

    /// What other workers ask for.
    var operations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/queues/:queue/held/:connector") { (request) throws(AdminError) in
                let count = try await queue(request).waiting(forConnector: request.path[4])
                return ["recipients": .integer(Int64(count))]
            },
            AdminOperation(.post, "v1/queues/:queue/held/:connector/fetch") { (request) throws(AdminError) in
                try begin(request, try queue(request))
                return ["state": "begun"]
            },
        ]
    }

    private func queue(_ request: AdminRequest) throws(AdminError) -> MailQueue {
        guard request.path.count > 4, let queue = Int(request.path[2]).flatMap({ queues[$0] }) else {
            throw AdminError(.notFound, "There is no such queue here.")
        }
        return queue
    }

    private func begin(_ request: AdminRequest, _ queue: MailQueue) throws(AdminError) {
        guard let name = request["socket"].flatMap({ TraceID($0) }),
            let address = SocketAddress(host: "127.0.0.1", port: 0)
        else { throw AdminError(.badRequest, "socket must name a connection that is lent.") }
        let connector = request.path[4]
        let line = OnDemandSessions.Line(
            // Not by the name of the socket, which ends the loan: reports name the host.
            host: SMTPHost("atrn-\(TraceID.random())", address),
            options: OnDemandRelays.options(hostName, settings.current)
        )
        guard sessions.open([connector], line) else { throw AdminError(.conflict, "Somebody else fetches it.") }
        let delivery = OnDemandDelivery(
            sessions: sessions,
            queues: [queue],
            connectors: [connector],
            domains: Set(request.values("domain").compactMap { Domain($0) })
        )
        let isEncrypted = request["encrypted"] == "yes"
        Task(executorPreference: loop) { await fetch("\(name)", line, isEncrypted: isEncrypted, delivery) }
    }

    private func fetch(
        _ name: String,
        _ line: OnDemandSessions.Line,
        isEncrypted: Bool,
        _ delivery: OnDemandDelivery
    ) async {
        let path = layout.onDemandSocket(name)
        let channel = try? await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
        if let channel {
            do throws(SMTPClientError) {
                try await outbound.borrow(channel, as: line.host, line.options, isEncrypted: isEncrypted)
                await delivery.run()
            } catch {
                // Whoever does not greet gets nothing: the mail waits on.
            }
        }
        // Nothing more begins on it.
        sessions.close(line)
        guard let channel else { return }
        await outbound.giveBack(channel, line.host, line.options, LoanEnd(secret: name))
        channel.abort()
    }
}
