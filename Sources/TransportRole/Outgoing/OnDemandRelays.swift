// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailQueue
package import MailTypes
internal import Routing
internal import Runtime
package import SASL
package import SMTPClient
package import SMTPServer
internal import SMTPWire
package import Settings

/// Gives held mail to those who log on and ask for it (ATRN, RFC 2645): the users that a connector names.
///
/// What is in the queues of other transport workers waits for a connection to those.
package struct OnDemandRelays: OnDemandRelay {
    private let router: OutgoingRouter
    private let queues: [MailQueue]
    private let outbound: SMTPOutbound
    private let sessions: OnDemandSessions
    private let settings: LiveSettings
    private let hostName: String

    package init(
        _ router: OutgoingRouter,
        _ queues: [MailQueue],
        _ outbound: SMTPOutbound,
        _ sessions: OnDemandSessions,
        settings: LiveSettings,
        hostName: String
    ) {
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
        }
        guard count > 0 else { return .nothing }
        guard let address = SocketAddress(host: "127.0.0.1", port: 0) else { return .unavailable }
        let host = SMTPHost("atrn-\(TraceID.random())", address)
        let opened = asked.map(\.name).filter { sessions.open($0, host) }
        guard opened.count == asked.count else {
            for name in opened { sessions.close(name) }
            return .unavailable
        }
        return .mail(
            Delivery(
                outbound: outbound,
                sessions: sessions,
                queues: queues,
                connectors: opened,
                domains: Set(domains),
                host: host,
                options: Self.options(hostName, settings.current)
            )
        )
    }

    private static func covers(_ connector: Connector, _ domain: Domain) -> Bool {
        connector.spaces.contains { $0.pattern != .any && $0.pattern.matches(domain) }
    }

    /// How messages go over such a connection; the protection is what the client set up before it asked.
    static func options(_ hostName: String, _ settings: SettingsSnapshot) -> SMTPOutboundOptions {
        var options = SMTPOutboundOptions(heloName: hostName)
        options.security = .none
        options.timeouts = SMTPTimeouts(settings)
        options.maximumMessagesPerConnection = .max
        options.maximumIdle = .seconds(60)
        return options
    }

    /// The mail of some connectors, for one connection.
    private struct Delivery: OnDemandMail {
        let outbound: SMTPOutbound
        let sessions: OnDemandSessions
        let queues: [MailQueue]
        let connectors: [String]
        let domains: Set<Domain>
        let host: SMTPHost
        let options: SMTPOutboundOptions

        func send(over connection: Connection) async {
            connection.deadline = nil
            do throws(SMTPClientError) {
                try await outbound.adopt(connection, as: host, options)
                for name in connectors {
                    for queue in queues { await queue.release(connector: name) { isWanted($0) } }
                }
                await waitForTheEnd()
            } catch {
                // Whoever does not greet gets nothing: the mail waits on.
            }
            for name in connectors { sessions.close(name) }
            await outbound.release(host, options)
        }

        /// Where all of a connector's mail is in one line, the user gets all of it.
        private func isWanted(_ destination: String) -> Bool {
            guard !domains.isEmpty, let slash = destination.firstIndex(of: "/") else { return true }
            let hop = destination[destination.index(after: slash)...]
            guard hop.hasPrefix("mx:"), let domain = Domain(String(hop.dropFirst(3))) else { return true }
            return domains.contains(domain)
        }

        private func waitForTheEnd() async {
            while let loop = EventLoop.current, await isWorking() {
                guard (try? await loop.sleep(for: .milliseconds(20))) != nil else { return }
            }
        }

        private func isWorking() async -> Bool {
            for name in connectors where sessions.isOpen(name) {
                for queue in queues where await queue.isWorking(forConnector: name) { return true }
            }
            return false
        }
    }
}
