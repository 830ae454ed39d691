// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailQueue
import MailTypes
import Resolver
import Runtime
import SMTPClient
import SMTPWire
import Settings
import Testing

@testable import TransportRole

@Suite struct OutgoingTests {
    @Test(arguments: [
        ("relay.example", "relay.example", 0), ("Relay.Example:587", "relay.example:587", 587),
        ("[192.0.2.1]", "[192.0.2.1]", 0), ("[192.0.2.1]:2525", "[192.0.2.1]:2525", 2525),
        ("[IPv6:2001:db8::1]:25", "[2001:db8::1]:25", 25), ("[2001:db8::1]", "[2001:db8::1]", 0),
    ])
    func `Smart hosts as people write them`(text: String, shown: String, port: UInt16) throws {
        let host = try #require(SmartHost(text))
        #expect(host.description == shown && host.port == port)
        #expect(SmartHost(shown) == host)
    }

    @Test(arguments: ["", ":25", "a:", "a:0", "a:65536", "a:b", "[x]", "[192.0.2.1", "2001:db8::1", "a b", "[]:1"])
    func `Other texts are no smart host`(text: String) {
        #expect(SmartHost(text) == nil)
    }

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

    /// Knows a few domains.
    private struct Names: MailHostResolver {
        func mailHosts(of domain: Domain) async -> MailHostAnswer {
            switch domain.text {
            case "null.example": return .failed(ResolutionFailure(.nullMX, "takes no mail"))
            case "later.example": return .failed(ResolutionFailure(.later, "no answer"))
            case "self.example": return hosts(["mx.here.example"])
            case "both.example": return hosts(["mx1.both.example", "mx.here.example", "mx2.both.example"])
            default: return hosts(["mx1.far.example", "mx2.far.example"])
            }
        }

        func addresses(of host: Domain) async -> MailHostAnswer {
            host.text == "gone.example" ? .failed(ResolutionFailure(.noSuchDomain, "no such name")) : hosts([host.text])
        }

        private func hosts(_ names: [String]) -> MailHostAnswer {
            let hosts = names.enumerated().compactMap { index, name in
                Domain(name).map { MailHost(name: $0, preference: UInt16(index), addresses: [.ipv4(0xC000_0201)]) }
            }
            return .hosts(MailHosts(hosts, lifetime: .seconds(60)))
        }
    }

    private func names(_ domain: String, _ texts: [String: String] = [:]) async -> (hosts: [String], OutgoingHosts) {
        let hosts = OutgoingHosts(
            SettingsSnapshot(texts: texts),
            resolver: Names(),
            domain: Domain(domain),
            ownName: "mx.here.example"
        )
        var found: [String] = []
        while let host = await hosts.next() { found.append("\(host.name) \(host.address)") }
        return (found, hosts)
    }

    @Test func `Hosts come in their order, without this one and what is not better`() async {
        #expect(await names("far.example").hosts == ["mx1.far.example 192.0.2.1:25", "mx2.far.example 192.0.2.1:25"])
        #expect(await names("both.example").hosts == ["mx1.both.example 192.0.2.1:25"])
        let own = await names("self.example")
        #expect(own.hosts.isEmpty && own.1.leadsHere)
    }

    @Test func `What the resolver says of a domain is kept, and a smart host that is missing returns nothing`() async {
        #expect(await names("null.example").1.failure?.class == .nullMX)
        #expect(await names("later.example").1.failure?.class == .later)
        let texts = ["outbound/smart-hosts": "gone.example, ok.example:26, [192.0.2.9]", "outbound/port": "2500"]
        let smart = await names("null.example", texts)
        #expect(smart.hosts == ["ok.example 192.0.2.1:26", "[192.0.2.9] 192.0.2.9:2500"])
        #expect(smart.1.failure?.isPermanent == false)
    }
}
