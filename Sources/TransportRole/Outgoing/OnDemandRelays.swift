// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailQueue
package import MailTypes
internal import Routing
internal import Runtime
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

    package func answer(to user: AuthenticatedUser, for domains: [Domain]) async -> OnDemandAnswer {
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
        guard let address = SocketAddress(host: "127.0.0.1", port: 0) else { return .unavailable }
        let line = OnDemandSessions.Line(
            host: SMTPHost("atrn-\(TraceID.random())", address),
            options: Self.options(hostName, settings.current)
        )
        let names = asked.map(\.name)
        guard sessions.open(names, line) else { return .unavailable }
        return .mail(
            Mail(
                outbound: outbound,
                delivery: OnDemandDelivery(
                    sessions: sessions,
                    queues: queues,
                    connectors: names,
                    domains: Set(domains)
                ),
                loans: loans,
                line: line
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
        let line: OnDemandSessions.Line

        func send(over connection: Connection) async {
            connection.deadline = nil
            do throws(SMTPClientError) {
                try await outbound.adopt(connection, as: line.host, line.options)
                await delivery.run()
                await lend(isEncrypted: connection.tls != nil)
            } catch {
                // Whoever does not greet gets nothing: the mail waits on.
            }
            delivery.sessions.close(line)
            await outbound.release(line.host, line.options)
        }

        /// What is in other workers' queues.
        private func lend(isEncrypted: Bool) async {
            guard let loans else { return }
            for number in loans.numbers {
                for name in delivery.connectors where await loans.waiting(number, name) > 0 {
                    // Nothing of this worker's goes over the connection meanwhile.
                    guard await delivery.sessions.take(name) != nil else { return }
                    let loan = OnDemandLoans.Loan(
                        line: line,
                        isEncrypted: isEncrypted,
                        connector: name,
                        domains: delivery.domains
                    )
                    guard await loans.lend(loan, of: outbound, to: number) else { return }
                    delivery.sessions.giveBack(line)
                }
            }
        }
    }
}
