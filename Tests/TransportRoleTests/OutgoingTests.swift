// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailQueue
import MailTypes
import Resolver
import Routing
import Runtime
import SMTPClient
import SMTPWire
import Settings
import Testing

@testable import TransportRole

@Suite struct OutgoingTests {
    private static func command(_ address: String) throws -> RecipientCommand {
        RecipientCommand(.address(try #require(MailboxAddress(address))))
    }

    @Test func `Mail goes to each domain's servers, or all of it to the smart hosts`() throws {
        let settings = LiveSettings()
        let router = OutgoingRouter(settings)
        let message = QueuedMessage(MailCommand(.null), [])
        let command = try Self.command("a@Far.Example")
        #expect(router.route(command, of: message, size: 1, at: 0) == .destination("mx:far.example"))
        settings.replace(with: SettingsSnapshot(texts: ["outbound/smart-hosts": "relay.example, [192.0.2.1]:26"]))
        #expect(
            router.route(command, of: message, size: 1, at: 0)
                == .destination("smart-host:relay.example,[192.0.2.1]:26")
        )
    }

    @Test func `Time-outs are those of RFC 5321, unless others are set`() {
        #expect(SMTPTimeouts(SettingsSnapshot(texts: [:])) == .standard)
        let set = SMTPTimeouts(SettingsSnapshot(texts: ["outbound/answer-timeout": "20m"]))
        #expect(set.answer == .seconds(1200) && set.command == .seconds(300))
    }

    private static let settings = [
        "connector/a/address-spaces": "far.example:10", "connector/a/smart-hosts": "relay.example",
        "connector/b/address-spaces": "far.example:20", "connector/late/address-spaces": "late.example",
        "connector/late/schedule": "06:00-07:00", "connector/kept/address-spaces": "kept.example",
        "connector/kept/held": "yes", "connector/never/address-spaces": "never.example",
        "connector/never/schedule": "never", "connector/off/address-spaces": "off.example",
        "connector/off/enabled": "no", "connector/urgent/address-spaces": "urgent.example",
        "connector/urgent/priorities": "urgent",
    ]

    @Test func `Connectors decide, and their hours count`() throws {
        let router = OutgoingRouter(LiveSettings(SettingsSnapshot(texts: Self.settings)), zone: .utc)
        var message = QueuedMessage(MailCommand(.null), [])
        func route(_ domain: String, at milliseconds: Int64 = 0) throws -> QueueRoute {
            router.route(try Self.command("a@\(domain)"), of: message, size: 1, at: milliseconds)
        }
        #expect(try route("far.example") == .destination("a/smart-host:relay.example"))
        #expect(try route("late.example") == .destination("late/mx:late.example", opensAt: 21_600_000))
        #expect(try route("late.example", at: 22_000_500) == .destination("late/mx:late.example"))
        #expect(try route("kept.example") == .held("kept/mx:kept.example"))
        for domain in ["never.example", "off.example"] {
            guard case .waits(let reply) = try route(domain) else {
                Issue.record("\(domain) does not wait")
                continue
            }
            #expect(reply.severity == .transient)
        }
        guard case .refused = try route("urgent.example") else {
            Issue.record("a message of normal priority is not refused")
            return
        }
        message.priority = .urgent
        #expect(try route("urgent.example") == .destination("urgent/mx:urgent.example"))
    }

    @Test func `Only a held connector keeps mail until somebody asks for it`() {
        let router = OutgoingRouter(LiveSettings(SettingsSnapshot(texts: Self.settings)), zone: .utc)
        #expect(router.terms(of: "kept/mx:kept.example").isHeld == true)
        // Of settings that are no more, too.
        for name in ["a/mx:far.example", "gone/mx:kept.example", "mx:kept.example"] {
            #expect(router.terms(of: name).isHeld == false)
        }
    }

    @Test func `Where a connector's hosts are away the next one stands in, in its hours`() throws {
        let router = OutgoingRouter(LiveSettings(SettingsSnapshot(texts: Self.settings)), zone: .utc)
        let message = QueuedMessage(MailCommand(.null), [])
        guard case .routes(let routes) = router.decide(try Self.command("a@far.example"), of: message, size: 1) else {
            Issue.record("no route")
            return
        }
        func ways(_ destination: String, _ isOpen: (Route) -> Bool = { _ in true }) -> [String] {
            OutgoingTransport.ways(routes, destination: destination, isOpen: isOpen).map(\.connector.name)
        }
        #expect(ways("a/smart-host:relay.example") == ["a", "b"])
        #expect(ways("b/mx:far.example") == ["b", "a"])
        // A destination of settings that are no more.
        #expect(ways("mx:far.example") == ["a", "b"])
        #expect(ways("a/smart-host:relay.example") { $0.connector.name == "b" } == ["b"])
        #expect(ways("a/smart-host:relay.example") { _ in false } == [])
    }

    /// Knows a few domains.
    private struct Names: MailHostResolver {
        func mailHosts(of domain: Domain) async -> MailHostAnswer {
            switch domain.text {
            case "null.example": return .failed(ResolutionFailure(.nullMX, "takes no mail"))
            case "later.example": return .failed(ResolutionFailure(.later, "no answer"))
            case "self.example": return hosts(["mx.here.example"])
            case "unknown.example": return backup(of: "unknown.example", mayBeUsableLater: true)
            case "hopeless.example": return backup(of: "hopeless.example", mayBeUsableLater: false)
            case "nameless.example":
                guard case .hosts(var found) = hosts(["mx1.nameless.example", "mx2.nameless.example"]) else { break }
                let unknown = ("mx.here.example", UInt16(1), "no answer")
                found.unusable = [
                    UnusableMailHost(name: unknown.0, preference: unknown.1, reason: unknown.2, mayBeUsableLater: true)
                ]
                return .hosts(found)
            case "address.example":
                return hosts(["mx1.address.example", "alias.address.example", "mx2.address.example"], own: 1)
            case "both.example": return hosts(["mx1.both.example", "mx.here.example", "mx2.both.example"])
            default: break
            }
            return hosts(["mx1.far.example", "mx2.far.example"])
        }

        /// This server at 20, and a better host of which there is no address.
        private func backup(of domain: String, mayBeUsableLater: Bool) -> MailHostAnswer {
            guard let own = Domain("mx.here.example") else { return .failed(ResolutionFailure(.later, "")) }
            let this = MailHost(name: own, preference: 20, addresses: [.ipv4(0xC000_0201)])
            var found = MailHosts([this], lifetime: .zero)
            found.unusable = [
                UnusableMailHost(
                    name: "mx1.\(domain)",
                    preference: 10,
                    reason: "no answer",
                    mayBeUsableLater: mayBeUsableLater
                )
            ]
            return .hosts(found)
        }

        func addresses(of host: Domain) async -> MailHostAnswer {
            host.text == "gone.example" ? .failed(ResolutionFailure(.noSuchDomain, "no such name")) : hosts([host.text])
        }

        /// - Parameter own: the position of one that has this server's address, too.
        private func hosts(_ names: [String], own: Int? = nil) -> MailHostAnswer {
            let hosts = names.enumerated().compactMap { index, name in
                Domain(name).map { domain in
                    let addresses: [HostAddress] = [.ipv4(0xC000_0201)] + (index == own ? [.ipv4(0xC000_024D)] : [])
                    return MailHost(name: domain, preference: UInt16(index), addresses: addresses)
                }
            }
            return .hosts(MailHosts(hosts, lifetime: .seconds(60)))
        }
    }

    private func names(_ domain: String, _ texts: [String: String] = [:]) async throws -> (
        hosts: [String], OutgoingHosts
    ) {
        let settings = SettingsSnapshot(texts: texts)
        var hop = NextHop.smartHosts(RoutingTable(settings).direct.smartHosts)
        if case .smartHosts([]) = hop { hop = .mx(try #require(Domain(domain))) }
        let hosts = OutgoingHosts(
            hop,
            port: UInt16(clamping: settings[RoutingSettings.port]),
            resolver: Names(),
            ownName: "mx.here.example",
            ownAddresses: OwnAddresses([.ipv4(0, port: 25)]) { [.ipv4(0xC000_024D, port: 0)] }
        )
        var found: [String] = []
        while let host = await hosts.next() { found.append("\(host.name) \(host.address)") }
        return (found, hosts)
    }

    @Test func `Hosts come in their order, without this one and what is not better`() async throws {
        #expect(
            try await names("far.example").hosts == ["mx1.far.example 192.0.2.1:25", "mx2.far.example 192.0.2.1:25"]
        )
        #expect(try await names("both.example").hosts == ["mx1.both.example 192.0.2.1:25"])
        #expect(try await names("address.example").hosts == ["mx1.address.example 192.0.2.1:25"])
        // Another server of this machine, at another port.
        #expect(try await names("address.example", ["outbound/port": "2525"]).hosts.count == 4)
        let own = try await names("self.example")
        #expect(own.hosts.isEmpty && own.1.leadsHere)
    }

    @Test func `A backup whose better hosts are not known now waits, and sends to no worse one`() async throws {
        let unknown = try await names("unknown.example")
        #expect(unknown.hosts.isEmpty && !unknown.1.leadsHere)
        #expect(unknown.1.failure?.class == .later && unknown.1.failure?.details.contains("mx1.unknown") == true)
        let hopeless = try await names("hopeless.example")
        #expect(hopeless.hosts.isEmpty && hopeless.1.leadsHere)
        // This server's own address is not known; the second host is no better than it.
        #expect(try await names("nameless.example").hosts == ["mx1.nameless.example 192.0.2.1:25"])
    }

    @Test(arguments: [
        ("192.0.2.77", 25, true), ("192.0.2.77", 26, false), ("192.0.2.78", 25, false), ("127.0.0.9", 25, true),
        ("198.51.100.1", 2525, true), ("198.51.100.1", 25, false), ("127.0.0.1", 2525, false), ("::1", 25, false),
        ("2001:db8::1", 24, true), ("2001:db8::2", 24, false), ("::1", 24, true), ("0.0.0.0", 25, true),
    ])
    func `This server is where its listeners are`(host: String, port: UInt16, isOwn: Bool) throws {
        let six = try #require(SocketAddress(host: "2001:db8::1", port: 0))
        let bound: [SocketAddress] = [.ipv4(0, port: 25), .ipv4(0xC633_6401, port: 2525), .ipv6(0, port: 24)]
        let own = OwnAddresses(bound) { [.ipv4(0xC000_024D, port: 0), six] }
        #expect(own.contains(try #require(SocketAddress(host: host, port: port))) == isOwn)
    }

    @Test func `The interfaces of this machine are known`() {
        #expect(NetworkInterfaces.addresses().contains(.ipv4(0x7F00_0001, port: 0)))
    }

    @Test func `What the resolver says of a domain is kept, and a smart host that is missing returns nothing`()
        async throws
    {
        #expect(try await names("null.example").1.failure?.class == .nullMX)
        #expect(try await names("later.example").1.failure?.class == .later)
        let texts = ["outbound/smart-hosts": "gone.example, ok.example:26, [192.0.2.9]", "outbound/port": "2500"]
        let smart = try await names("null.example", texts)
        #expect(smart.hosts == ["ok.example 192.0.2.1:26", "192.0.2.9 192.0.2.9:2500"])
        #expect(smart.1.failure?.isPermanent == false)
    }
}
