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
                let found = try queue(request)
                let count = await found.waiting(forConnector: request.path[4])
                let tries = await found.tries(forConnector: request.path[4])
                return [
                    "recipients": .integer(Int64(count)),
                    "tries": .array(tries.map { .integer(Int64($0)) }),
                ]
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
        guard let name = request["socket"].flatMap({ TraceID($0) }) else {
            throw AdminError(.badRequest, "socket must name a connection that is lent.")
        }
        guard let port = request["port"].flatMap({ UInt16($0) }),
            let peer = request["peer"].flatMap({ SocketAddress(host: $0, port: port) })
        else { throw AdminError(.badRequest, "peer and port must say who is at its other end.") }
        guard let call = request["call"].flatMap({ TraceID($0) }),
            let limit = request["tries"].flatMap({ Int($0) })
        else { throw AdminError(.badRequest, "call and tries must say what is asked for.") }
        let connector = request.path[4]
        let line = OnDemandSessions.Line(
            host: SMTPHost(peer.host, peer),
            options: OnDemandRelays.options(hostName, settings.current)
        )
        guard sessions.open([connector], line, isReady: false) else {
            throw AdminError(.conflict, "Somebody else fetches it.")
        }
        let delivery = OnDemandDelivery(
            sessions: sessions,
            line: line,
            queues: [queue],
            connectors: [connector],
            domains: Set(request.values("domain").compactMap { Domain($0) }),
            call: call.text
        )
        let isEncrypted = request["encrypted"] == "yes"
        Task(executorPreference: loop) {
            await fetch("\(name)", isEncrypted: isEncrypted, delivery, triedAtMost: limit)
        }
    }

    private func fetch(
        _ name: String,
        isEncrypted: Bool,
        _ delivery: OnDemandDelivery,
        triedAtMost limit: Int
    ) async {
        let line = delivery.line
        let path = layout.onDemandSocket(name)
        let channel = try? await Connection.connect(unixPath: path, loop: loop, timeout: .seconds(5))
        if let channel {
            do throws(SMTPClientError) {
                try await outbound.borrow(channel, as: line.host, line.options, isEncrypted: isEncrypted)
                sessions.giveBack(line)
                await delivery.run(triedAtMost: limit)
            } catch {
                // Whoever does not greet gets nothing: the mail waits on.
                sessions.close(line)
            }
        } else {
            sessions.close(line)
        }
        await sessions.end(line)
        await delivery.withdraw()
        guard let channel else { return }
        await outbound.giveBack(channel, line.host, line.options, LoanEnd(secret: name))
        channel.abort()
    }
}
