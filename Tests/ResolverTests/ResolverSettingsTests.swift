// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import DNSRecords
import Settings
import Testing

@testable import Resolver

@Suite struct ResolverSettingsTests {
    @Test(arguments: [
        ("system", "system"), ("", "system"), ("recursion", "recursion"), ("192.0.2.53", "192.0.2.53"),
        ("192.0.2.53@53", "192.0.2.53"), ("127.0.0.1@5353,::1@54", "127.0.0.1@5353, ::1@54"),
        ("192.0.2.53#dns.example.org", "192.0.2.53#dns.example.org"),
        ("192.0.2.53@8853#dns.example.org", "192.0.2.53@8853#dns.example.org"),
    ])
    func serversAreRead(text: String, shown: String) {
        #expect(NameServers(settingText: text)?.settingText == shown)
    }

    @Test(arguments: [
        "dns.example.org", "192.0.2.53@", "192.0.2.53@0", "192.0.2.53@65536", "192.0.2.53@x", "192.0.2.53#",
        "192.0.2.53#a b", "192.0.2.53#a\"b", "192.0.2.1, x", "192.0.2.1, 192.0.2.2#dns.example.org", ",",
    ])
    func serversAreRefused(text: String) {
        #expect(NameServers(settingText: text) == nil)
    }

    @Test func tlsHasItsPort() {
        #expect(NameServer("192.0.2.53#dns.example.org")?.port == 853)
        #expect(NameServer("192.0.2.53")?.port == 53)
    }

    @Test func zonesAreRead() throws {
        let zones = try #require(ZoneServers(settingText: "Corp.example 10.0.0.1 10.0.0.2@5353, lab. 127.0.0.1@53"))
        #expect(zones.settingText == "Corp.example 10.0.0.1 10.0.0.2@5353, lab 127.0.0.1")
        #expect(ZoneServers(settingText: "")?.zones.isEmpty == true)
        for text in ["corp.example", "a\"b 10.0.0.1", "corp.example x", "a b.c 10.0.0.1", "a..b 10.0.0.1"] {
            #expect(ZoneServers(settingText: text) == nil)
        }
        #expect(ZoneNames(settingText: "test, lab.example.")?.settingText == "test, lab.example")
        #expect(ZoneNames(settingText: "te\\ st") == nil)
    }

    @Test func rangesOfAddresses() throws {
        let ranges = try #require(AddressRanges(settingText: "10.0.0.0/8, 192.0.2.1, 2001:db8::/32, 0.0.0.0/0"))
        #expect(ranges.settingText == "10.0.0.0/8, 192.0.2.1, 2001:db8::/32, 0.0.0.0/0")
        let some = try #require(AddressRanges(settingText: "10.0.0.0/8, 2001:db8::/32"))
        for (text, isIn) in [
            ("10.255.0.1", true), ("11.0.0.0", false), ("2001:db8:ffff::", true), ("2001:db9::", false),
            ("::ffff:10.0.0.1", true), ("::a", false),
        ] {
            #expect(some.contains(try #require(HostAddress(text))) == isIn)
        }
        for text in ["", "10.0.0.0/33", "10.0.0.0/-1", "x", "10.0.0.0/", "::/129"] {
            #expect(AddressRanges(settingText: text) == nil)
        }
        #expect(AddressRanges(settingText: "none") == AddressRanges.none)
        #expect(AddressRanges(settingText: AddressRanges.standard.settingText) == .standard)
        #expect(AddressRanges.standard.contains(.ipv4(0x7F00_0001)) && AddressRanges.standard.contains(.ipv6(1)))
        #expect(!AddressRanges.standard.contains(.ipv4(0xC000_0201)))
    }

    @Test func resolvConfIsRead() {
        let text = """
            # nameserver 192.0.2.9
            search a.example b.example
            nameserver 192.0.2.1
            nameserver\t2001:db8::1 # mine
            nameserver not-an-address
            nameserver fe80::1%eth0
            options ndots:5
            nameserver 192.0.2.2
            nameserver 192.0.2.3
            """
        let servers = ResolvConf.servers(in: Array(text.utf8)).map(\.description)
        #expect(servers == ["192.0.2.1", "2001:db8::1", "192.0.2.2"])
        #expect(ResolvConf.servers(in: []).isEmpty && ResolvConf.servers(in: [0xFF, 0x0A, 0]).isEmpty)
    }

    @Test func configurationSaysWhatTheSettingsSay() {
        var configuration = UnboundConfiguration(
            SettingsSnapshot(),
            servers: [NameServer(.ipv4(0x7F00_0001), port: 5353)],
            trustAnchors: UnboundConfiguration.rootAnchors
        )
        configuration.insecureZones.names = ["test"]
        configuration.zones = ZoneServers(zones: [.init(name: "corp.example", servers: [NameServer(.ipv6(1))])])
        let text = configuration.text()
        for line in [
            "  module-config: \"validator iterator\"", "  edns-buffer-size: 1232", "  domain-insecure: \"test.\"",
            "  local-zone: \"test.\" transparent", "  forward-addr: 127.0.0.1@5353", "  name: \"corp.example.\"",
            "  forward-addr: ::1@53", "  cache-max-ttl: 86400",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
        #expect(text.contains(". IN DS 20326") && text.contains(". IN DS 38696"))
        #expect(!configuration.unproved.text().contains("validator") && !text.contains("forward-tcp-upstream: yes"))
        configuration.servers[0].tlsName = "dns.example.org"
        #expect(configuration.tlsServers == configuration.servers)
        let place = NameServer(.ipv4(0x7F00_0001), port: 40_000)
        let forwarded = configuration.text(places: [configuration.servers[0]: place])
        #expect(
            forwarded.contains("forward-addr: 127.0.0.1@40000\n") && forwarded.contains("forward-tcp-upstream: yes\n")
        )
    }

    @Test func trustAnchorsAreCheckedAndNotBelieved() throws {
        let file = Array("; comment\nsigned.test. IN DS 1 13 2 AB\n\n  \nx. IN DNSKEY 257 3 13 abc= ; key\r\n".utf8)
        #expect(
            try UnboundSource.trustAnchors(in: file, "f")
                == ["signed.test. IN DS 1 13 2 AB", "x. IN DNSKEY 257 3 13 abc= "]
        )
        for text in ["", "; nothing\n", "a\" \n server: x", "a \\ b", "a\u{0}b"] {
            #expect(throws: UnboundError.self) { _ = try UnboundSource.trustAnchors(in: Array(text.utf8), "f") }
        }
    }
}
