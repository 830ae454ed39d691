// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import AdminAPI
import ByteTools
import Events
import MailTypes
import Resolver
import Testing

@testable import ResolverRole

@Suite struct ResolverOperationsTests {
    /// What the operations say when the resolver answers `reply`.
    private func send(_ path: String, _ reply: ResolverReply) async -> AdminResponse {
        let operations = ResolverOperations { (_) throws(AdminError) in reply }
        let router = AdminRouter(operations: operations.all, events: .none)
        return await router.send(AdminRequest(.get, path.split(separator: "/").map(String.init)))
    }

    private static let report = LookupReport(
        name: "d.test",
        type: "MX",
        outcome: "data",
        reason: "",
        records: ["10 a.test"],
        isSecure: true,
        ttl: 300,
        canonicalName: "",
        milliseconds: 12
    )

    @Test func hostsAreShown() async throws {
        let host = MailHost(name: try #require(Domain("a.test")), preference: 10, addresses: [.ipv4(0xC000_0201)])
        let hosts = MailHosts([host], isSecure: true, lifetime: .seconds(300))
        let body = await send("v1/dns/mail-hosts/d.test.", .hosts(.hosts(hosts), [Self.report])).body
        #expect(body["class"]?.string == "data" && body["bounces"]?.bool == false && body["ttl"]?.integer == 300)
        #expect(body["hosts"]?.array?.first?["addresses"]?.array?.first?.string == "192.0.2.1")
        #expect(body["lookups"]?.array?.first?["records"]?.array?.first?.string == "10 a.test")
    }

    @Test func failuresAreShown() async {
        let failure = ResolutionFailure(.nullMX, "takes no mail", details: "0 .")
        let body = await send("v1/dns/addresses/d.test", .hosts(.failed(failure), [])).body
        #expect(body["class"]?.string == "null-MX" && body["status"]?.string == "5.1.10")
        #expect(body["reply"]?.integer == 556 && body["bounces"]?.bool == true)
    }

    @Test func recordsAndServersAreShown() async {
        #expect(await send("v1/dns/records/d.test/mx", .records(Self.report)).body["ttl"]?.integer == 300)
        let server = ResolverStatus.Server(name: "::1", zone: "test", milliseconds: 3, failure: "SERVFAIL")
        let status = ResolverStatus(servers: [server], proofs: "off", failure: nil)
        let body = await send("v1/dns/servers", .status(status)).body
        #expect(body["recursion"]?.bool == true && body["dnssec"]?.string == "off")
        #expect(body["servers"]?.array?.first?["answers"]?.bool == false)
    }

    @Test(arguments: ["v1/dns/mail-hosts/-", "v1/dns/records/a..b/MX", "v1/dns/records/a/NONE"])
    func nonsenseIsRefused(path: String) async {
        #expect(await send(path, .refused("")).status == 422)
    }

    @Test func anotherAnswerIsAFault() async {
        #expect(await send("v1/dns/servers", .refused("no")).status == 500)
    }
}
