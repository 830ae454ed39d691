// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import MailTypes
import SASL
import Testing

private let salt = Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ==".utf8) ?? []
private let proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
private let first = "n=user,r=rOprNGfwEbeRWgbNEkqO"
private let nonces = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"

/// The server's half of one exchange, with the nonce that the RFC's example has.
private func makeServer(plus: Bool = false, bindings: [String: [UInt8]] = [:]) -> SCRAMServer {
    let nonce = Array("%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".utf8)
    return SCRAMServer(.sha256, bindsChannel: plus, bindings: bindings, nonce: nonce)
}

@Suite struct SCRAMTests {
    private static func user() throws -> AuthenticatedUser {
        AuthenticatedUser(account: AccountID(7), name: try #require(MailboxAddress("user@example.test")))
    }

    /// Sends the first message and gets it answered with the salt.
    private static func challenged(_ server: inout SCRAMServer, _ first: String) -> SASLStep {
        let step = server.next(Array(first.utf8))
        guard case .verify(.scramParameters) = step else { return step }
        return server.take(.scramParameters(salt: salt, iterations: 4096))
    }

    @Test("the exchange of RFC 7677 §3, octet by octet") func example() throws {
        var server = makeServer()
        #expect(server.next(nil) == .challenge([]))
        #expect(
            server.next(Array("n,,\(first)".utf8)) == .verify(.scramParameters(user: "user", hash: .sha256))
        )
        let serverFirst = "\(nonces),s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        #expect(
            server.take(.scramParameters(salt: salt, iterations: 4096)) == .challenge(Array(serverFirst.utf8))
        )
        let expected = SCRAMProof(
            user: "user",
            hash: .sha256,
            message: Array("\(first),\(serverFirst),c=biws,\(nonces)".utf8),
            proof: Base64.decode(proof.utf8) ?? []
        )
        #expect(server.next(Array("c=biws,\(nonces),p=\(proof)".utf8)) == .verify(.scram(expected)))
        let user = try Self.user()
        #expect(server.take(.scram(user, signature: [1, 2, 3])) == .challenge(Array("v=AQID".utf8)))
        #expect(server.next([]) == .done(.success(user)))
        #expect(server.next([]) == .fail(.malformed(.outOfSequence)))
    }

    @Test(
        "first messages",
        arguments: [
            ("", SASLFailure.malformed(.notSCRAM)), ("n,", .malformed(.notSCRAM)), ("n,,", .malformed(.notSCRAM)),
            ("n,,n=user", .malformed(.notSCRAM)), ("n,,r=abc,n=user", .malformed(.notSCRAM)),
            ("x,,n=user,r=abc", .malformed(.notSCRAM)), ("p=,,n=user,r=abc", .malformed(.notSCRAM)),
            ("n,b=x,n=user,r=abc", .malformed(.notSCRAM)), ("n,,n=user,r=abc,", .malformed(.notSCRAM)),
            ("n,,n=user,r=abc,1=x", .malformed(.notSCRAM)), ("n,,m=x,n=user,r=abc", .malformed(.mandatoryExtension)),
            ("n,,n=user,r=", .malformed(.badNonce)), ("n,,n=user,r=a b", .malformed(.badNonce)),
            ("n,,n=user,r=\(String(repeating: "a", count: 513))", .malformed(.badNonce)),
            ("n,,n=,r=abc", .malformed(.badUserName)), ("n,,n=a=2Xb,r=abc", .malformed(.badUserName)),
            ("n,,n=a=,r=abc", .malformed(.badUserName)), ("n,,n=a=2,r=abc", .malformed(.badUserName)),
            ("n,,n=a=2c,r=abc", .malformed(.badUserName)), ("n,a=bob,n=user,r=abc", .notAuthorized),
            ("p=tls-exporter,,n=user,r=abc", .channelBinding),
        ]
    )
    func refused(_ message: String, _ failure: SASLFailure) {
        var server = makeServer()
        #expect(server.next(Array(message.utf8)) == .fail(failure))
        #expect(server.next(Array("n,,n=user,r=abc".utf8)) == .fail(.malformed(.outOfSequence)))
    }

    @Test(
        "names and extensions that are taken",
        arguments: [
            ("n,,n=user,r=abc", "user"), ("y,,n=user,r=abc", "user"), ("n,a=USER,n=user,r=abc", "user"),
            ("n,a=,n=user,r=abc", "user"),
            ("n,a=a=3Db,n=a=3Db,r=abc", "a=b"), ("n,,n=a=2Cb,r=abc,x=later,y=more", "a,b"),
            ("n,,n=j\u{f6}rg@example.test,r=!#$%&'()*+-./~", "j\u{f6}rg@example.test"),
        ]
    )
    func taken(_ message: String, _ user: String) {
        var server = makeServer()
        #expect(server.next(Array(message.utf8)) == .verify(.scramParameters(user: user, hash: .sha256)))
    }

    @Test(
        "what a client says of channel binding (RFC 5802 §6)",
        arguments: [
            // With binding data, a client that believes there is none was told so by somebody else.
            ("y", false, true, SASLFailure.channelBinding as SASLFailure?), ("y", false, false, nil),
            ("n", false, true, nil),
            ("n", true, true, .channelBinding), ("y", true, true, .channelBinding),
            ("p=tls-exporter", true, true, nil), ("p=tls-unique", true, true, .malformed(.bindingType)),
            ("p=tls-exporter", false, true, .channelBinding),
        ] as [(String, Bool, Bool, SASLFailure?)]
    )
    func flags(_ flag: String, _ plus: Bool, _ hasData: Bool, _ failure: SASLFailure?) {
        var server = makeServer(plus: plus, bindings: hasData ? ["tls-exporter": [1, 2]] : [:])
        let step = server.next(Array("\(flag),,n=user,r=abc".utf8))
        if let failure {
            #expect(step == .fail(failure))
        } else {
            #expect(step == .verify(.scramParameters(user: "user", hash: .sha256)))
        }
    }

    @Test(
        "final messages",
        arguments: [
            ("c=biws,\(nonces),p=\(proof)", SASLFailure?.none), ("c=biws,\(nonces),x=later,p=\(proof)", nil),
            ("c=biws,\(nonces)", .malformed(.notSCRAM)), ("c=biws,p=\(proof)", .malformed(.notSCRAM)),
            ("c=biws,\(nonces),p=AAAA", .malformed(.notSCRAM)), ("c=biws,\(nonces),p=%", .malformed(.notSCRAM)),
            ("c=biws,\(nonces),p=\(proof),", .malformed(.notSCRAM)),
            ("\(nonces),c=biws,p=\(proof)", .malformed(.notSCRAM)),
            ("c=biws,\(nonces)x,p=\(proof)", .malformed(.badNonce)),
            ("c=biws,r=rOprNGfwEbeRWgbNEkqO,p=\(proof)", .malformed(.badNonce)),
            ("c=eSws,\(nonces),p=\(proof)", .channelBinding), ("c=,\(nonces),p=\(proof)", .channelBinding),
            ("", .malformed(.notSCRAM)),
        ]
    )
    func finalMessage(_ message: String, _ failure: SASLFailure?) {
        var server = makeServer()
        guard case .challenge = Self.challenged(&server, "n,,\(first)") else {
            Issue.record("no challenge")
            return
        }
        switch (server.next(Array(message.utf8)), failure) {
        case (.verify(.scram), nil): break
        case (.fail(let found), let failure?): #expect(found == failure)
        case (let step, _): Issue.record("\(message) gave \(step)")
        }
    }

    @Test("the data of another connection does not do") func binding() {
        let data: [UInt8] = [9, 8, 7]
        for (sent, isRight) in [(data, true), ([9, 8, 6], false), ([], false)] as [([UInt8], Bool)] {
            var server = makeServer(plus: true, bindings: ["tls-exporter": data])
            _ = Self.challenged(&server, "p=tls-exporter,,\(first)")
            let binding = String(decoding: Base64.encode(Array("p=tls-exporter,,".utf8) + sent), as: UTF8.self)
            let step = server.next(Array("c=\(binding),\(nonces),p=\(proof)".utf8))
            if isRight {
                guard case .verify(.scram) = step else {
                    Issue.record("\(step)")
                    continue
                }
            } else {
                #expect(step == .fail(.channelBinding))
            }
        }
    }

    @Test("a refusal ends it without a signature") func refusal() {
        var server = makeServer()
        _ = Self.challenged(&server, "n,,\(first)")
        _ = server.next(Array("c=biws,\(nonces),p=\(proof)".utf8))
        #expect(server.take(.outcome(.invalidCredentials)) == .done(.invalidCredentials))
        #expect(server.next([]) == .fail(.malformed(.outOfSequence)))
    }

    @Test("nonces are not repeated") func freshNonces() {
        var seen: Set<[UInt8]> = []
        for _ in 0..<50 {
            var server = SCRAMServer(.sha256, bindsChannel: false, bindings: [:])
            if case .challenge(let text) = Self.challenged(&server, "n,,n=u,r=a") { seen.insert(text) }
        }
        #expect(seen.count == 50)
    }

    @Test("any octets are an answer, never a trap") func noise() {
        var generator = SystemRandomNumberGenerator()
        let alphabet = Array("n,,=ra=2C3Dp:y+cv/\0\u{ff}".utf8)
        for _ in 0..<5000 {
            let octets = (0..<Int.random(in: 0...60)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            var server = makeServer()
            _ = server.next(octets)
            _ = Self.challenged(&server, "n,,\(first)")
            _ = server.next(octets)
        }
    }
}
