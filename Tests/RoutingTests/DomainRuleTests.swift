// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Routing
import SMTPWire
import Settings
import Testing

/// What holds for single domains.
@Suite struct DomainRuleTests {
    private static let settings = [
        "destination/all/domains": "*", "destination/all/connections": "7",
        "destination/below/domains": "*.example.com", "destination/below/security": "require",
        "destination/exact/domains": "example.com, mail.example.com", "destination/exact/security": "verify",
        "destination/exact/maximum-size": "1MiB", "destination/exact/messages-per-connection": "3",
        "destination/exact/recipients-per-message": "2",
        "destination/none/security": "none",
        "destination/pinned/domains": "pinned.example", "destination/pinned/connector": "relay",
        "destination/straight/domains": "straight.example", "destination/straight/connector": "direct",
        "destination/lost/domains": "lost.example", "destination/lost/connector": "gone",
        "connector/relay/address-spaces": "nowhere.example", "connector/relay/smart-hosts": "relay.example",
        "connector/relay/denied-senders": "group:staff@home.example", "connector/relay/security": "none",
        "connector/relay/connections": "4", "connector/every/address-spaces": "straight.example, lost.example",
    ]
    private let table = RoutingTable(SettingsSnapshot(texts: Self.settings))

    private func question(_ recipient: String, size: UInt64 = 10) throws -> RouteQuestion {
        let sender = try #require(MailboxAddress("ann@home.example"))
        return RouteQuestion(try #require(MailboxAddress(recipient)), from: .address(sender), size: size)
    }

    private func route(_ recipient: String) throws -> Route? {
        guard case .routes(let routes) = table.decide(try question(recipient)) else { return nil }
        return routes.first
    }

    @Test(arguments: [
        ("example.com", "exact"), ("mail.example.com", "exact"), ("www.example.com", "below"),
        ("a.mail.example.com", "below"), ("example.org", "all"), ("notexample.com", "all"),
        ("pinned.example", "pinned"),
    ])
    func `The closest domain counts`(domain: String, rule: String) throws {
        #expect(table.rule(for: try #require(Domain(domain)))?.name == rule)
        #expect(try route("x@\(domain)")?.rule?.name == rule)
    }

    @Test func `A rule without domains is not there`() {
        #expect(table.rules.map(\.name) == ["all", "below", "exact", "lost", "pinned", "straight"])
        #expect(table.rules.first?.connections == 7)
        #expect(table["relay"]?.connections == 4)
    }

    @Test func `It has a word in place of the connector's`() throws {
        #expect(try route("x@example.com")?.connector.security == .verify)
        #expect(try route("x@www.example.com")?.connector.security == .require)
        #expect(try route("x@example.org")?.connector.security == .may)
        let exact = try route("x@example.com")?.rule
        #expect(exact?.messagesPerConnection == 3 && exact?.recipientsPerMessage == 2)
        guard case .refused(let reply) = table.decide(try question("x@example.com", size: (1 << 20) + 1)) else {
            Issue.record("is not refused")
            return
        }
        #expect(reply.code == 552 && reply.status == .messageTooBig)
    }

    @Test func `It may name a connector, whatever the address spaces say`() throws {
        #expect(try route("x@pinned.example")?.key == "relay/smart-host:relay.example")
        #expect(try route("x@straight.example")?.key == "mx:straight.example")
        #expect(try route("x@lost.example")?.key == "every/mx:lost.example")
    }

    @Test func `A connector may leave out a group's members`() throws {
        var question = try question("x@pinned.example")
        #expect(table.groups.map(\.description) == ["staff@home.example"])
        question.groups = table.groups
        guard case .refused(let reply) = table.decide(question) else {
            Issue.record("is not refused")
            return
        }
        #expect(reply.code == 550)
        question.sender = .null
        guard case .routes = table.decide(question) else {
            Issue.record("a report is refused")
            return
        }
    }
}
