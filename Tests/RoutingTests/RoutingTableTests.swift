// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Routing
import SMTPWire
import Settings
import Testing

@Suite struct RoutingTableTests {
    private func question(
        _ recipient: String,
        from sender: String = "a@home.example",
        size: UInt64? = 1000,
        _ priority: MessagePriority = .normal
    ) throws -> RouteQuestion {
        let path = try sender.isEmpty ? ReversePath.null : .address(#require(MailboxAddress(sender)))
        return RouteQuestion(try #require(MailboxAddress(recipient)), from: path, size: size, priority: priority)
    }

    private func table(_ settings: [String: String]) -> RoutingTable { RoutingTable(SettingsSnapshot(texts: settings)) }

    private func decision(_ table: RoutingTable, _ question: RouteQuestion) -> String {
        switch table.decide(question) {
        case .routes(let routes): routes.map(\.key).joined(separator: " ")
        case .refused(let reply): "refused \(reply.code) \(reply.enhancedStatusCode.map { "\($0)" } ?? "")"
        case .waits(let reply): "waits \(reply.code)"
        }
    }

    private static let connectors = [
        "connector/internet/address-spaces": "*:10", "connector/internet/smart-hosts": "relay.example:587",
        "connector/spare/address-spaces": "*:20",
        "connector/branch/address-spaces": "branch.example:5, *.branch.example",
        "connector/branch/smart-hosts": "[192.0.2.1], [IPv6:2001:db8::1]:2525",
        "connector/lab/address-spaces": "lab.branch.example",
        "connector/lab/enabled": "no",
    ]

    @Test func `A drop folder has the domains that it names, and never all`() throws {
        let table = table([
            "connector/app/address-spaces": "app.example, *.app.example, *", "connector/app/drop-folder": "/drop",
            "connector/branch/address-spaces": "branch.example",
        ])
        #expect(try decision(table, question("a@app.example")) == "app/drop:/drop")
        let app = try #require(table["app"])
        for (domain, isOwn) in [
            ("app.example", true), ("x.app.example", true), ("napp.example", false), ("example", false),
        ] { #expect(app.owns(try #require(Domain(domain))) == isOwn) }
        #expect(table["branch"]?.owns(try #require(Domain("branch.example"))) == false)
    }

    @Test(arguments: [
        ("b@branch.example", "branch/smart-host:[192.0.2.1],[2001:db8::1]:2525"),
        ("b@a.branch.example", "branch/smart-host:[192.0.2.1],[2001:db8::1]:2525"),
        ("b@mybranch.example", "internet/smart-host:relay.example:587 spare/mx:mybranch.example"),
        ("b@other.example", "internet/smart-host:relay.example:587 spare/mx:other.example"),
        ("b@lab.branch.example", "waits 451"),
        ("b@x.lab.branch.example", "branch/smart-host:[192.0.2.1],[2001:db8::1]:2525"),
    ])
    func `The closest address space, then the least cost`(recipient: String, expected: String) throws {
        #expect(try decision(table(Self.connectors), question(recipient)) == expected)
    }

    @Test func `Without connectors mail goes to each domain's own servers, or to the smart hosts for all`() throws {
        #expect(try decision(table([:]), question("b@x.example")) == "mx:x.example")
        let relayed = table(["outbound/smart-hosts": "relay.example", "outbound/security": "verify"])
        #expect(try decision(relayed, question("b@x.example")) == "smart-host:relay.example")
        #expect(relayed.direct.security == .verify)
        // What no connector has an address space for.
        let partly = table(["connector/branch/address-spaces": "branch.example"])
        #expect(try decision(partly, question("b@x.example")) == "mx:x.example")
        // Not a way round a connector that is switched off.
        let off = table(["connector/all/address-spaces": "*", "connector/all/enabled": "no"])
        #expect(try decision(off, question("b@x.example")) == "waits 451")
    }

    @Test(arguments: [
        ("allowed-senders", "home.example, *.home.example", "a@home.example", "takes"),
        ("allowed-senders", "home.example", "a@elsewhere.example", "refused 550 5.7.1"),
        ("allowed-senders", "A@home.example", "a@home.example", "takes"),
        ("allowed-senders", "home.example", "", "takes"),
        ("denied-senders", "a@home.example", "a@home.example", "refused 550 5.7.1"),
        ("denied-senders", "a@home.example", "b@home.example", "takes"),
        ("denied-senders", "*", "b@home.example", "refused 550 5.7.1"),
        ("maximum-size", "1000", "a@home.example", "takes"),
        ("maximum-size", "999", "a@home.example", "refused 552 5.3.4"),
        ("priorities", "urgent", "a@home.example", "refused 550 5.7.1"),
        ("priorities", "low, normal", "a@home.example", "takes"),
    ])
    func `Restrictions`(setting: String, value: String, sender: String, expected: String) throws {
        let table = table(["connector/c/address-spaces": "x.example", "connector/c/\(setting)": value])
        let found = try decision(table, question("b@x.example", from: sender))
        #expect(found == (expected == "takes" ? "c/mx:x.example" : expected))
    }

    @Test func `Restrictions are looked at before the choice (Q160534)`() throws {
        let table = table([
            "connector/small/address-spaces": "x.example:1", "connector/small/maximum-size": "10",
            "connector/large/address-spaces": "x.example:50", "connector/all/address-spaces": "*",
        ])
        #expect(try decision(table, question("b@x.example", size: 10)) == "small/mx:x.example large/mx:x.example")
        #expect(try decision(table, question("b@x.example", size: 11)) == "large/mx:x.example")
    }

    @Test func `A large message has hours of its own`() throws {
        let table = table([
            "connector/c/address-spaces": "*", "connector/c/schedule": "always",
            "connector/c/oversize-above": "1KiB", "connector/c/oversize-schedule": "22:00-06:00",
        ])
        for (size, hours) in [(UInt64(1024), "always"), (1025, "22:00-06:00")] {
            guard case .routes(let routes) = table.decide(try question("b@x.example", size: size)) else {
                Issue.record("no route")
                continue
            }
            #expect(routes.map(\.schedule.description) == [hours])
        }
    }

    @Test func `What is set for all holds for those without a value of their own`() {
        let table = table([
            "connector/security": "verify", "connector/address-spaces": "*",
            "connector/a/address-spaces": "a.example", "connector/b/address-spaces": "b.example",
            "connector/b/security": "none", "connector/c/security": "none", "connector/direct/address-spaces": "*",
        ])
        #expect(table.connectors.map(\.name) == ["a", "b"])
        #expect(table.connectors.map(\.security) == [.verify, .none])
    }

    @Test func `The way to a decision can be told`() throws {
        let trace = table(Self.connectors).trace(try question("b@other.example"))
        #expect(trace.steps.map(\.connector.name) == ["branch", "internet", "lab", "spare"])
        #expect(trace.steps.map(\.isChosen) == [false, true, false, true])
        #expect(trace.steps.map { $0.space?.cost } == [nil, 10, nil, 20])
    }

    @Test(arguments: [
        ("*", "*"), ("*:10", "*:10"), ("Example.COM", "example.com"), ("#example.com:3", "example.com:3"),
        ("*.example.com:1", "*.example.com"), ("[192.0.2.1]", "[192.0.2.1]"), ("*:0", nil), ("*:101", nil),
        ("*:x", nil), ("", nil), ("*.", nil), ("*.*", nil), ("a b", nil), ("*.[192.0.2.1]", nil),
    ])
    func `Address spaces`(text: String, expected: String?) { #expect(AddressSpace(text)?.description == expected) }

    @Test(arguments: [
        ("relay.example", "relay.example"), ("relay.example:587", "relay.example:587"),
        ("[192.0.2.1]", "[192.0.2.1]"), ("[192.0.2.1]:25", "[192.0.2.1]:25"),
        ("[IPv6:2001:db8::1]:25", "[2001:db8::1]:25"), ("[2001:db8::1]", "[2001:db8::1]"), ("192.0.2.1", "[192.0.2.1]"),
        ("192.0.2.1:26", "[192.0.2.1]:26"),
        ("", nil), ("relay.example:0", nil), ("relay.example:65536", nil), ("[relay.example]", nil),
        ("2001:db8::1", nil), ("[192.0.2.1", nil), ("a b", nil),
    ])
    func `Smart hosts`(text: String, expected: String?) { #expect(SmartHost(text)?.description == expected) }
}
