// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import DNSRecords
import Locking
import MailTypes
import Testing

@testable import Resolver

/// Records from a table; names that it lacks do not exist.
final class ScriptedSource: RecordSource {
    private let answers: [DNSQuestion: RecordLookup.Outcome]
    private let secure: Bool
    private let asked = Lock<[DNSQuestion]>([])

    init(_ answers: [(String, RecordType, RecordLookup.Outcome)], secure: Bool = false) {
        self.answers = Dictionary(uniqueKeysWithValues: answers.map { (DNSQuestion(name($0), $1), $2) })
        self.secure = secure
    }

    var questions: [DNSQuestion] { asked.withLock { $0 } }

    func lookUp(_ question: DNSQuestion, by deadline: ContinuousClock.Instant) async -> RecordLookup {
        asked.withLock { $0.append(question) }
        let isKnown = answers.keys.contains { $0.name == question.name }
        let outcome = answers[question] ?? (isKnown ? .noData : .noName)
        return RecordLookup(question, outcome, isSecure: secure, ttl: 300)
    }
}

func name(_ text: String) -> DomainName { DomainName(text) ?? .root }

func mx(_ records: (UInt16, String)...) -> RecordLookup.Outcome {
    .data(records.map { .mx(preference: $0, exchange: name($1)) })
}

func a(_ addresses: String...) -> RecordLookup.Outcome {
    .data(
        addresses.compactMap(HostAddress.init).map {
            switch $0 {
            case .ipv4(let value): .a(value)
            case .ipv6(let value): .aaaa(value)
            }
        }
    )
}

private let soon = ContinuousClock.now + .seconds(3600)

private func mailHosts(
    _ domain: String,
    _ source: ScriptedSource,
    _ policy: MailHostFinder.AddressPolicy = MailHostFinder.AddressPolicy()
) async throws -> MailHostAnswer {
    await MailHostFinder(source, policy).mailHosts(of: try #require(Domain(domain)), by: soon).answer
}

@Suite struct MailHostFinderTests {
    @Test func hostsComeByPreferenceWithBothKindsOfAddressesInTurn() async throws {
        let source = ScriptedSource(
            [
                ("d.test", .mx, mx((20, "b.test"), (10, "a.test"))), ("a.test", .a, a("192.0.2.1")),
                ("a.test", .aaaa, a("2001:db8::1")), ("b.test", .a, a("192.0.2.2")),
            ],
            secure: true
        )
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.hosts.map(\.name.text) == ["a.test", "b.test"])
        #expect(hosts.hosts.map(\.preference) == [10, 20])
        #expect(hosts.hosts[0].addresses.map(\.description) == ["2001:db8::1", "192.0.2.1"])
        #expect(!hosts.isImplicit && hosts.isSecure && hosts.hosts.allSatisfy(\.isSecure))
        #expect(hosts.lifetime == .seconds(300) && hosts.unusable.isEmpty)
    }

    @Test func equalPreferencesAreShuffledFairly() async throws {
        let source = ScriptedSource([
            ("d.test", .mx, mx((10, "a.test"), (10, "b.test"), (10, "c.test"), (20, "z.test"))),
            ("a.test", .a, a("192.0.2.1")), ("b.test", .a, a("192.0.2.2")), ("c.test", .a, a("192.0.2.3")),
            ("z.test", .a, a("192.0.2.9")),
        ])
        var first: [String: Int] = [:]
        for _ in 0..<600 {
            let hosts = try #require(try await mailHosts("d.test", source).hosts).hosts.map(\.name.text)
            #expect(hosts.last == "z.test")
            first[hosts[0], default: 0] += 1
        }
        // Two hundred each; one in a billion runs has fewer than a hundred.
        #expect(first.count == 3 && first.values.allSatisfy { $0 > 100 })
    }

    @Test func withoutMXTheDomainIsItsOwnHost() async throws {
        let source = ScriptedSource([("d.test", .a, a("192.0.2.1"))])
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.isImplicit && hosts.hosts.map(\.name.text) == ["d.test"])
        #expect(source.questions.first == DNSQuestion(name("d.test"), .mx))
    }

    /// What comes of it, for each answer that has no hosts.
    static let failures: [(String, [(String, RecordType, RecordLookup.Outcome)], ResolutionFailure.Class)] = [
        ("does not exist", [], .noSuchDomain),
        ("null MX", [("d.test", .mx, mx((0, ".")))], .nullMX),
        (
            "null MX, and an address all the same", [("d.test", .mx, mx((0, "."))), ("d.test", .a, a("192.0.2.1"))],
            .nullMX
        ),
        ("no data of any kind", [("d.test", .txt, .noData)], .noMailHost),
        ("MX failed", [("d.test", .mx, .failed("SERVFAIL")), ("d.test", .a, a("192.0.2.1"))], .later),
        ("no MX, addresses failed", [("d.test", .a, .failed("x")), ("d.test", .aaaa, .failed("x"))], .later),
        ("no MX, one family failed, other empty", [("d.test", .aaaa, .failed("x"))], .later),
        ("hosts do not exist", [("d.test", .mx, mx((10, "a.test"), (20, "b.test")))], .noMailHost),
        ("host has no address", [("d.test", .mx, mx((10, "a.test"))), ("a.test", .txt, .noData)], .noMailHost),
        (
            "one host unknown, others hopeless",
            [("d.test", .mx, mx((10, "a.test"), (20, "b.test"))), ("b.test", .a, .failed("x"))], .later
        ),
        ("an address for a name", [("d.test", .mx, mx((10, "192.0.2.1")))], .noMailHost),
        ("a null MX twice", [("d.test", .mx, mx((0, "."), (10, ".")))], .noMailHost),
        ("loopback", [("d.test", .mx, mx((10, "a.test"))), ("a.test", .a, a("127.0.0.1"))], .noMailHost),
        ("nobody", [("d.test", .a, a("0.0.0.0"))], .noMailHost),
        ("many", [("d.test", .aaaa, a("ff02::1"))], .noMailHost),
        ("loopback in IPv6 clothes", [("d.test", .aaaa, .data([.aaaa(0xFFFF_7F00_0001)]))], .noMailHost),
    ]

    @Test(arguments: failures.indices)
    func answersWithoutHosts(row: Int) async throws {
        let (_, records, kind) = Self.failures[row]
        let failure = try #require(try await mailHosts("d.test", ScriptedSource(records)).failure)
        #expect(failure.class == kind)
        #expect(failure.isPermanent == (kind != .later))
    }

    @Test(
        arguments: [
            (ResolutionFailure.Class.nullMX, "5.1.10", 556), (.noSuchDomain, "5.1.2", 550), (.noMailHost, "5.4.4", 550),
            (.later, "4.4.3", 451),
        ] as [(ResolutionFailure.Class, String, UInt16)]
    )
    func classesHaveTheirCodes(kind: ResolutionFailure.Class, status: String, reply: UInt16) {
        let failure = ResolutionFailure(kind, "x")
        #expect("\(failure.status)" == status && failure.replyCode == reply)
    }

    @Test func hostsOfNoUseDoNotStandInTheWay() async throws {
        let source = ScriptedSource([
            (
                "d.test", .mx,
                mx((1, "gone.test"), (2, "."), (3, "192.0.2.9"), (4, "unknown.test"), (5, "self.test"), (6, "a.test"))
            ),
            ("unknown.test", .a, .failed("SERVFAIL")), ("self.test", .a, a("127.0.0.1")),
            ("a.test", .a, a("192.0.2.1")),
        ])
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.hosts.map(\.name.text) == ["a.test"])
        #expect(hosts.unusable.count == 5)
        #expect(hosts.unusable.filter(\.mayBeUsableLater).map(\.name) == ["unknown.test"])
    }

    @Test func oneFamilyIsEnough() async throws {
        let source = ScriptedSource([
            ("d.test", .mx, mx((10, "a.test"))), ("a.test", .aaaa, .failed("SERVFAIL")), ("a.test", .a, a("192.0.2.1")),
        ])
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.hosts[0].addresses.count == 1 && !hosts.hosts[0].isSecure)
    }

    @Test func familiesAreChosen() async throws {
        let records: [(String, RecordType, RecordLookup.Outcome)] = [
            ("d.test", .a, a("192.0.2.1")), ("d.test", .aaaa, a("2001:db8::1")),
        ]
        for (families, text) in [(AddressFamilies.ipv4, "192.0.2.1"), (.ipv6, "2001:db8::1")] {
            let policy = MailHostFinder.AddressPolicy(families: families)
            let answer = try await mailHosts("d.test", ScriptedSource(records), policy)
            #expect(answer.hosts?.hosts[0].addresses.map(\.description) == [text])
        }
    }

    @Test func manyHostsAndAddressesAreBounded() async throws {
        var records: [(String, RecordType, RecordLookup.Outcome)] = [
            ("d.test", .mx, .data((0..<2000).map { .mx(preference: 10, exchange: name("h\($0).test")) }))
        ]
        for number in 0..<2000 {
            records.append(("h\(number).test", .a, .data((0..<20).map { .a(0xC000_0200 + UInt32($0)) })))
        }
        let source = ScriptedSource(records)
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.hosts.reduce(0) { $0 + $1.addresses.count } == MailHosts.maximumAddresses)
        #expect(source.questions.count <= 1 + 2 * 8)
        #expect(hosts.unusable.count <= MailHostFinder.maximumUnusable)
    }

    @Test func manyHostsOfNoUseAreLaterAndNotAskedForAll() async throws {
        let records: [(String, RecordType, RecordLookup.Outcome)] = [
            ("d.test", .mx, .data((0..<2000).map { .mx(preference: 10, exchange: name("h\($0).test")) }))
        ]
        let source = ScriptedSource(records)
        #expect(try await mailHosts("d.test", source).failure?.class == .later)
        #expect(source.questions.count == 1 + 2 * MailHostFinder.maximumHosts)
    }

    @Test func aHostIsLookedUpOnce() async throws {
        let source = ScriptedSource([
            ("d.test", .mx, mx((10, "a.test"), (20, "A.TEST"), (30, "a.test"))), ("a.test", .a, a("192.0.2.1")),
        ])
        let hosts = try #require(try await mailHosts("d.test", source).hosts)
        #expect(hosts.hosts.map(\.preference) == [10] && source.questions.count == 3)
    }

    @Test(arguments: [
        ("[192.0.2.1]", "192.0.2.1"), ("[IPv6:2001:db8::1]", "2001:db8::1"), ("[ipv6:::ffff:192.0.2.1]", "192.0.2.1"),
    ])
    func addressLiteralsAreTheirOwnHosts(literal: String, address: String) async throws {
        let source = ScriptedSource([])
        let hosts = try #require(try await mailHosts(literal, source).hosts)
        #expect(hosts.hosts.flatMap(\.addresses).map(\.description) == [address] && source.questions.isEmpty)
    }

    @Test(arguments: [
        ("[127.0.0.1]", ResolutionFailure.Class.noMailHost), ("[x]", .noSuchDomain), ("[2001:db8::1]", .noSuchDomain),
        ("[IPv6:192.0.2.1]", .noSuchDomain), ("[tag:x]", .noSuchDomain),
    ])
    func literalsOfNoUse(literal: String, kind: ResolutionFailure.Class) async throws {
        #expect(try await mailHosts(literal, ScriptedSource([])).failure?.class == kind)
    }

    @Test func namesOutsideASCIIAreAskedForAsALabels() async throws {
        let source = ScriptedSource([("xn--bcher-kva.test", .a, a("192.0.2.1"))])
        let hosts = try #require(try await mailHosts("Bücher.test", source).hosts)
        #expect(hosts.hosts[0].name.text == "xn--bcher-kva.test")
        #expect(try await mailHosts("\u{0378}.test", source).failure?.class == .noSuchDomain)
    }

    @Test func aNamedHostIsTakenAsItIs() async throws {
        let source = ScriptedSource([
            ("h.test", .mx, mx((10, "other.test"))), ("h.test", .a, a("127.0.0.1")), ("other.test", .a, a("192.0.2.1")),
        ])
        let finder = MailHostFinder(source)
        let hosts = await finder.addresses(of: try #require(Domain("h.test")), by: soon).answer.hosts
        #expect(hosts?.hosts.flatMap(\.addresses).map(\.description) == ["127.0.0.1"])
        let absent = await finder.addresses(of: try #require(Domain("gone.test")), by: soon).answer.failure
        #expect(absent?.class == .noSuchDomain)
        let literal = await finder.addresses(of: try #require(Domain("[127.0.0.1]")), by: soon).answer.hosts
        #expect(literal != nil)
    }

    @Test func whoIsAmongTheHostsSendsOnlyToBetterOnes() throws {
        func host(_ name: String, _ preference: UInt16) throws -> MailHost {
            MailHost(name: try #require(Domain(name)), preference: preference, addresses: [.ipv4(1)])
        }
        let hosts = MailHosts(
            [try host("a", 5), try host("us", 10), try host("b", 10), try host("c", 20)],
            lifetime: .zero
        )
        #expect(hosts.excluding { $0.name.text == "us" }?.hosts.map(\.name.text) == ["a"])
        #expect(hosts.excluding { $0.name.text == "a" } == nil)
        #expect(hosts.excluding { _ in false } == hosts)
    }

    @Test func inTurnTakesOneOfEach() {
        #expect(MailHostFinder.inTurn([[1, 2, 3], [4]]) == [1, 4, 2, 3])
        #expect(MailHostFinder.inTurn([[Int]]()).isEmpty)
    }
}
