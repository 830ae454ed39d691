// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Directory
import MailTypes
import SASL
import Testing

@Suite struct AppPasswordTests {
    private static let alice = "alice@example.test"

    private static func logOn(_ fixture: Fixture, _ password: String, _ service: MailService = .imap) async -> Bool {
        let outcome = await fixture.directory.authenticate(
            user: alice,
            password: Array(password.utf8),
            service: service,
            peer: "192.0.2.1"
        )
        if case .success = outcome { return true } else { return false }
    }

    @Test func `Made, used, listed and taken away`() async throws {
        let fixture = try await Fixture.withPeople()
        let alice = try address(Self.alice)
        let (made, text) = try await fixture.directory.addAppPassword(alice, name: "phone", services: [.imap])
        #expect(made.name == "phone" && made.lastUsed == nil && text.count == 24)
        for written in [text, text.uppercased(), text.replacing("-", with: ""), text.replacing("-", with: " ")] {
            #expect(await Self.logOn(fixture, written))
        }
        #expect(await !Self.logOn(fixture, text, .submission))
        #expect(await !Self.logOn(fixture, String(text.dropLast()) + (text.last == "a" ? "b" : "a")))
        #expect(await Self.logOn(fixture, "secret1", .submission))
        let listed = try await fixture.directory.appPasswords(of: alice)
        #expect(listed.map(\.name) == ["phone"] && listed.first?.services == [.imap])
        #expect((listed.first?.lastUsed ?? 0) % 3600 == 0 && listed.first?.lastUsed != nil)
        try await fixture.directory.removeAppPassword(alice, name: "phone")
        #expect(await !Self.logOn(fixture, text))
        await refuses(.notFound) { try await fixture.directory.removeAppPassword(alice, name: "phone") }
    }

    @Test func `It outlives the account's own password and opens what the account may use`() async throws {
        let fixture = try await Fixture.withPeople()
        let alice = try address(Self.alice)
        let (_, text) = try await fixture.directory.addAppPassword(
            alice,
            name: "p",
            services: Set(MailService.allCases)
        )
        try await fixture.directory.setPassword(alice, nil)
        #expect(await Self.logOn(fixture, text))
        #expect(await !Self.logOn(fixture, "secret1"))
        _ = try await fixture.directory.setAccount(alice) { $0.services = [.pop3] }
        #expect(await !Self.logOn(fixture, text))
        #expect(await Self.logOn(fixture, text, .pop3))
    }

    @Test func `Others' app passwords open nothing`() async throws {
        let fixture = try await Fixture.withPeople()
        let (_, text) = try await fixture.directory.addAppPassword(
            address("bob@example.test"),
            name: "p",
            services: [.imap]
        )
        #expect(await !Self.logOn(fixture, text))
    }

    @Test func `Names and bounds`() async throws {
        let fixture = try await Fixture.withPeople()
        let alice = try address(Self.alice)
        for name in ["", "a\u{7}", String(repeating: "n", count: 65)] {
            await refuses(.invalid) {
                _ = try await fixture.directory.addAppPassword(alice, name: name, services: [.imap])
            }
        }
        await refuses(.invalid) { _ = try await fixture.directory.addAppPassword(alice, name: "n", services: []) }
        for number in 0..<AppPassword.maximumCount {
            _ = try await fixture.directory.addAppPassword(alice, name: "\(number)", services: [.imap])
        }
        await refuses(.inUse) { _ = try await fixture.directory.addAppPassword(alice, name: "n", services: [.imap]) }
        try await fixture.directory.removeAppPassword(alice, name: "7")
        await refuses(.alreadyExists) {
            _ = try await fixture.directory.addAppPassword(alice, name: "8", services: [.imap])
        }
        _ = try await fixture.directory.removeAccount(alice)
        await refuses(.notFound) { _ = try await fixture.directory.appPasswords(of: alice) }
    }
}
