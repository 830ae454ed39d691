// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailQueue
package import MailTypes
internal import Routing
package import Runtime
package import SASL
internal import SMTPClient
package import SMTPServer
internal import SMTPWire
internal import Settings

/// Gives held mail to those who log on and ask for it (ATRN, RFC 2645): the users that a connector names.
///
/// What is in the queues of other transport workers comes after what is in this one's.
package struct OnDemandRelays: OnDemandRelay {
    private let router: OutgoingRouter
    private let queues: [MailQueue]
    private let outbound: SMTPOutbound
    private let sessions: OnDemandSessions
    private let loans: OnDemandLoans?
    private let settings: LiveSettings
    private let hostName: String

    init(
        _ router: OutgoingRouter,
        _ queues: [MailQueue],
        _ outbound: SMTPOutbound,
        _ sessions: OnDemandSessions,
        loans: OnDemandLoans? = nil,
        settings: LiveSettings,
        hostName: String
    ) {
        self.loans = loans
        self.router = router
        self.queues = queues
        self.outbound = outbound
        self.sessions = sessions
        self.settings = settings
        self.hostName = hostName
    }

    package var isOffered: Bool { router.table.connectors.contains { $0.isHeld && !$0.relayUsers.isEmpty } }

    package func answer(
        to user: AuthenticatedUser,
        at peer: SocketAddress,
        for domains: [Domain]
    ) async -> OnDemandAnswer {
        let own = router.table.connectors.filter { connector in
            connector.isHeld && connector.isEnabled
                && connector.relayUsers.contains { MailboxAddress(folding: $0) == MailboxAddress(folding: user.name) }
        }
        let covered = domains.allSatisfy { domain in own.contains { Self.covers($0, domain) } }
        guard !own.isEmpty, covered else { return .refused }
        let asked = own.filter { connector in domains.isEmpty || domains.contains { Self.covers(connector, $0) } }
        var count = 0
        for connector in asked {
            for queue in queues { count += await queue.waiting(forConnector: connector.name) }
            for number in loans?.numbers ?? [] { count += await loans?.waiting(number, connector.name) ?? 0 }
        }
        guard count > 0 else { return .nothing }
        let line = OnDemandSessions.Line(
            host: SMTPHost(peer.host, peer),
            options: Self.options(hostName, settings.current)
        )
        let names = asked.map(\.name)
        guard sessions.open(names, line, isReady: false) else { return .unavailable }
        return .mail(
            Mail(
                outbound: outbound,
                delivery: OnDemandDelivery(
                    sessions: sessions,
                    line: line,
                    queues: queues,
                    connectors: names,
                    domains: Set(domains),
                    call: TraceID.random().text
                ),
                loans: loans
            )
        )
    }

    private static func covers(_ connector: Connector, _ domain: Domain) -> Bool {
        connector.spaces.contains { $0.pattern != .any && $0.pattern.matches(domain) }
    }

    /// How messages go over such a connection; the protection is what the client set up before it asked.
    ///
    /// They hold for all of the connection's life, whatever is set meanwhile.
    static func options(_ hostName: String, _ settings: SettingsSnapshot) -> SMTPOutboundOptions {
        var options = SMTPOutboundOptions(heloName: hostName)
        options.isAdopted = true
        options.security = .none
        options.timeouts = SMTPTimeouts(settings)
        options.signedEightBit = settings[OutboundContentSettings.signedEightBit]
        options.maximumMessagesPerConnection = .max
        options.maximumIdle = .seconds(60)
        return options
    }

    /// The mail of some connectors, for one connection.
    private struct Mail: OnDemandMail {
        let outbound: SMTPOutbound
        let delivery: OnDemandDelivery
        let loans: OnDemandLoans?

        private var line: OnDemandSessions.Line { delivery.line }

        func send(over connection: Connection) async {
            connection.deadline = nil
            do throws(SMTPClientError) {
                try await outbound.adopt(connection, as: line.host, line.options)
                delivery.sessions.giveBack(line)
                await run(isEncrypted: connection.tls != nil)
            } catch {
                // Whoever does not greet gets nothing: the mail waits on.
                delivery.sessions.close(line)
            }
            await delivery.sessions.end(line)
            await delivery.withdraw()
            await outbound.release(line.host, line.options)
        }

        /// What has been tried least goes first, wherever it waits.
        private func run(isEncrypted: Bool) async {
            let stock = await stock()
            var tries = await delivery.tries()
            for lot in stock { tries.formUnion(lot.tries) }
            var last = -1
            for limit in OnDemandRounds(tries).limits where delivery.isOpen {
                await delivery.run(triedAtMost: limit)
                guard !Task.isCancelled else { return }
                for lot in stock where lot.tries.contains(where: { $0 > last && $0 <= limit }) {
                    guard await lend(lot, triedAtMost: limit, isEncrypted: isEncrypted) else { return }
                }
                last = limit
            }
        }

        /// A connector's mail in another worker's queue, and how often it was tried.
        private struct Lot: Sendable {
            let queue: Int
            let connector: String
            let tries: Set<Int>
        }

        private func stock() async -> [Lot] {
            guard let loans else { return [] }
            var found: [Lot] = []
            for number in loans.numbers {
                for name in delivery.connectors {
                    let tries = await loans.tries(number, name)
                    if !tries.isEmpty { found.append(Lot(queue: number, connector: name, tries: tries)) }
                }
            }
            return found
        }

        /// False when the connection is of no use any more.
        private func lend(_ lot: Lot, triedAtMost limit: Int, isEncrypted: Bool) async -> Bool {
            // Nothing of this worker's goes over the connection meanwhile.
            guard let loans, await delivery.sessions.take(line) else { return false }
            let loan = OnDemandLoans.Loan(
                line: line,
                isEncrypted: isEncrypted,
                connector: lot.connector,
                domains: delivery.domains,
                call: delivery.call,
                limit: limit
            )
            guard await loans.lend(loan, of: outbound, to: lot.queue) else {
                delivery.sessions.close(line)
                return false
            }
            delivery.sessions.giveBack(line)
            return true
        }
    }
}
