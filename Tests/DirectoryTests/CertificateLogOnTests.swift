// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import SASL
import Testing

@Suite struct CertificateLogOnTests {
    @Test(
        arguments: [
            ("", ["alice@example.test"], "Alice@example.test"), ("", ["ALICE@EXAMPLE.TEST"], "Alice@example.test"),
            ("", ["x", "nobody@example.test", "bob@example.test"], "bob@example.test"),
            ("bob@example.test", ["alice@example.test", "bob@example.test"], "bob@example.test"),
            ("bob@example.test", ["alice@example.test"], nil), ("nobody@example.test", ["alice@example.test"], nil),
            ("", [], nil), ("", ["alice"], nil), ("alice@example.test", [], nil),
        ] as [(String, [String], String?)]
    )
    func certificates(_ user: String, _ identities: [String], _ name: String?) async throws {
        let fixture = try await Fixture.withPeople()
        let answer = await fixture.directory.answer(
            .certificate(user: user, identities: identities),
            from: SASLPeer(service: .imap, address: "192.0.2.1", channel: .tls)
        )
        switch (answer, name) {
        case (.outcome(.success(let found)), let name?): #expect(found.name.description == name)
        case (.outcome(.invalidCredentials), nil): #expect(fixture.log.numbers.contains(13003))
        default: Issue.record("\(answer)")
        }
    }

    @Test func `A service that is off stays off`() async throws {
        let fixture = try await Fixture.withPeople()
        _ = try await fixture.directory.setAccount(address("alice@example.test")) { $0.services = [.pop3] }
        let answer = await fixture.directory.answer(
            .certificate(user: "", identities: ["alice@example.test"]),
            from: SASLPeer(service: .imap, address: "192.0.2.1", channel: .tls)
        )
        #expect(answer == .outcome(.notPermitted))
    }
}
