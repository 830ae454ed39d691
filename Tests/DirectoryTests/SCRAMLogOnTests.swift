// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Directory
import MailTypes
import Runtime
import SASL
import Testing

@Suite struct SCRAMLogOnTests {
    private static let peer = SASLPeer(service: .imap, address: "192.0.2.1", channel: .tls)

    @Test func `A password that is set gives keys`() async throws {
        let fixture = try await Fixture.withKeys()
        #expect(await fixture.scram("alice@example.test", "secret1") == .right)
        #expect(await fixture.scram("ALICE@example.test", "secret1") == .right)
        #expect(await fixture.scram("alice@example.test", "wrong") == .wrong)
        #expect(await fixture.scram("nobody@example.test", "secret1") == .wrong)
        #expect(fixture.log.numbers.filter { $0 == 13003 }.count == 2)
        try await fixture.directory.setPassword(address("alice@example.test"), quick("secret2"))
        #expect(await fixture.scram("alice@example.test", "secret1") == .wrong)
    }

    @Test func `Users there are not are answered as others are, and always the same`() async throws {
        let fixture = try await Fixture.withKeys()
        let real = await fixture.parameters("alice@example.test")
        let names = ["nobody@example.test", "NOBODY@Example.TEST"]
        let decoys = [
            await fixture.parameters(names[0]), await fixture.parameters(names[1]),
            await (try await fixture.another()).answer(
                .scramParameters(user: names[0], hash: .sha256),
                from: Self.peer
            ),
        ]
        #expect(Set(decoys).count == 1)
        #expect(await fixture.parameters("other@example.test") != decoys[0])
        guard case .scramParameters(let salt, let iterations) = decoys[0],
            case .scramParameters(let realSalt, let realIterations) = real
        else {
            Issue.record("no parameters")
            return
        }
        #expect(salt.count == realSalt.count && iterations == realIterations)
    }

    @Test func `SCRAM is offered when all have keys, and they are learnt`() async throws {
        let fixture = try await Fixture.withPeople()
        let bound = SASLChannel(.tls, bindings: ["tls-exporter": [1]])
        func offered() async -> [String] {
            SASLMechanism.offered(among: await fixture.directory.mechanisms(), on: bound).map(\.name)
        }
        #expect(await offered() == ["PLAIN", "LOGIN"])
        for (user, password) in [("alice@example.test", "secret1"), ("bob@example.test", "secret2")] {
            #expect(await fixture.scram(user, password) == .wrong)
            let answer = await fixture.directory.answer(
                .password(user: user, password: Array(password.utf8)),
                from: Self.peer
            )
            guard case .outcome(.success) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(await fixture.scram(user, password) == .right)
        }
        #expect(await offered() == ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"])
        _ = try await fixture.directory.addAccount(address("carol@example.test"))
        #expect(await offered().first == "SCRAM-SHA-256-PLUS")
        try await fixture.directory.setPassword(address("carol@example.test"), quick("secret1"))
        #expect(await offered() == ["PLAIN", "LOGIN"])
    }

    @Test(arguments: [
        (["directory/scram": "off"], ["PLAIN", "LOGIN"]),
        (["directory/scram": "on"], ["SCRAM-SHA-256", "PLAIN", "LOGIN"]),
        (
            ["directory/scram": "on", "directory/scram-sha-1": "true"],
            ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]
        ),
    ])
    func `What the settings offer`(texts: [String: String], names: [String]) async throws {
        let fixture = try await Fixture.withPeople(texts)
        let offered = SASLMechanism.offered(among: await fixture.directory.mechanisms(), on: .tls)
        #expect(offered.map(\.name) == names)
    }

    @Test func `Nothing is learnt when that is off`() async throws {
        let fixture = try await Fixture.withPeople(["directory/learn-scram-keys": "false"])
        let proof = SASLProof.password(user: "alice@example.test", password: Array("secret1".utf8))
        _ = await fixture.directory.answer(proof, from: Self.peer)
        #expect(try await fixture.directory.account(address("alice@example.test")).scram == .none)
    }
}

extension Fixture {
    fileprivate enum Verdict { case right, wrong, other }

    /// Alice alone, with keys of `secret1`.
    fileprivate static func withKeys() async throws -> Fixture {
        let fixture = try await Fixture()
        _ = try await fixture.directory.addDomain(domain("example.test"))
        let password = Array("secret1".utf8)
        _ = try await fixture.directory.addAccount(
            address("alice@example.test"),
            password: quick("secret1"),
            scram: await fixture.directory.verifiers(of: password)
        )
        return fixture
    }

    fileprivate func parameters(_ user: String) async -> SASLAnswer {
        await directory.answer(
            .scramParameters(user: user, hash: .sha256),
            from: SASLPeer(service: .imap, address: "192.0.2.1", channel: .tls)
        )
    }

    /// What comes of a proof by this password, computed as a client does; checks the server's signature, too.
    fileprivate func scram(_ user: String, _ password: String) async -> Verdict {
        guard case .scramParameters(let salt, let count) = await parameters(user) else { return .other }
        let message = Array("what both said".utf8)
        let salted = Digest.pbkdf2SHA256(password: Array(password.utf8), salt: salt, iterations: count)
        let key = Digest.hmacSHA256(key: salted, Array("Client Key".utf8))
        let signature = Digest.hmacSHA256(key: Digest.sha256(key), message)
        let proof = SCRAMProof(user: user, hash: .sha256, message: message, proof: zip(key, signature).map { $0 ^ $1 })
        let answer = await directory.answer(
            .scram(proof),
            from: SASLPeer(service: .imap, address: "192.0.2.1", channel: .tls)
        )
        switch answer {
        case .scram(_, let signature):
            let serverKey = Digest.hmacSHA256(key: salted, Array("Server Key".utf8))
            return signature == Digest.hmacSHA256(key: serverKey, message) ? .right : .other
        case .outcome(.invalidCredentials): return .wrong
        default: return .other
        }
    }
}
