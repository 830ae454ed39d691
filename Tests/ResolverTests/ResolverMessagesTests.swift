// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

@testable import Resolver

@Suite struct ResolverMessagesTests {
    static let report = LookupReport(
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

    static func hosts() throws -> MailHosts {
        let host = MailHost(
            name: try #require(Domain("a.test")),
            preference: 10,
            addresses: [.ipv6(1 << 127), .ipv4(0xC000_0201)],
            isSecure: true
        )
        let other = UnusableMailHost(name: "b", preference: 65_535, reason: "does not exist", mayBeUsableLater: false)
        return MailHosts([host], unusable: [other], isImplicit: false, isSecure: true, lifetime: .seconds(300))
    }

    static func replies() throws -> [ResolverReply] {
        let server = ResolverStatus.Server(name: "127.0.0.1@53", zone: ".", milliseconds: 3, failure: "SERVFAIL")
        return [
            .hosts(.hosts(try hosts()), [report, report]),
            .hosts(.failed(ResolutionFailure(.later, "why", details: "what")), []), .records(report),
            .status(ResolverStatus(servers: [server], proofs: "on", failure: nil)), .refused("no"),
        ]
    }

    static let requests: [ResolverRequest] = [
        .mailHosts(domain: "bücher.test"), .addresses(host: "h"), .records(name: "a.b", type: 65_535), .status,
    ]

    @Test(arguments: requests)
    func requestsComeBack(request: ResolverRequest) throws {
        let octets = request.encoded(within: 20_000)
        let (read, milliseconds) = try ResolverRequest.decode(octets)
        #expect(read == request && milliseconds == 20_000)
        for count in octets.indices {
            #expect(throws: ResolverMessageError.self) { _ = try ResolverRequest.decode(Array(octets[..<count])) }
        }
        #expect(throws: ResolverMessageError.self) { _ = try ResolverRequest.decode(octets + [0]) }
    }

    @Test func repliesComeBack() throws {
        for reply in try Self.replies() {
            let octets = reply.encoded
            #expect(try ResolverReply(decoding: octets) == reply)
            for count in octets.indices {
                #expect(throws: ResolverMessageError.self) { _ = try ResolverReply(decoding: Array(octets[..<count])) }
            }
            #expect(throws: ResolverMessageError.self) { _ = try ResolverReply(decoding: octets + [0]) }
        }
    }

    @Test func everyChangedOctetIsSurvived() throws {
        for reply in try Self.replies() {
            let octets = reply.encoded
            for index in octets.indices {
                for wrong in [0x00, 0x01, 0x7F, 0x80, 0xFF] as [UInt8] {
                    var changed = octets
                    changed[index] = wrong
                    guard case .hosts(.hosts(let hosts), _)? = try? ResolverReply(decoding: changed) else { continue }
                    #expect(!hosts.hosts.isEmpty && hosts.hosts.allSatisfy { !$0.addresses.isEmpty })
                }
            }
        }
    }

    @Test func hostsWithoutAddressesAreRefused() throws {
        var empty = try Self.hosts()
        empty.hosts = []
        #expect(throws: ResolverMessageError.self) {
            _ = try ResolverReply(decoding: ResolverReply.hosts(.hosts(empty), []).encoded)
        }
        var bare = try Self.hosts()
        bare.hosts[0].addresses = []
        #expect(throws: ResolverMessageError.self) {
            _ = try ResolverReply(decoding: ResolverReply.hosts(.hosts(bare), []).encoded)
        }
    }

    @Test func framesHaveALimit() {
        #expect(ResolverFrame.framed([1, 2]) == [2, 0, 0, 0, 1, 2])
        #expect(ResolverFrame.length([2, 0, 0, 0]) == 2)
        #expect(ResolverFrame.length([0, 0, 0x40, 0]) == 4 << 20)
        #expect(ResolverFrame.length([1, 0, 0x40, 0]) == nil)
        #expect(ResolverFrame.length([0xFF, 0xFF, 0xFF, 0xFF]) == nil)
    }
}
