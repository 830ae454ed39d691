// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Directory

@Suite struct GuardTablesTests {
    private static let network = GuardSubject.network("192.0.2.1/32")

    /// Tables in a folder that goes with `folder`.
    private static func open(_ folder: TemporaryFolder) throws -> GuardTables {
        try GuardTables(file: folder.path + "/directory.sqlite-log-ons")
    }

    @Test func `Failures run out evenly`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let tables = try Self.open(folder)
        func fail(_ moment: Int64) throws -> Bool {
            try tables.fail(Self.network, limit: 3, window: 300, at: 1_000_000 + moment)
        }
        // One is forgotten each 100 s.
        #expect(try [0, 100, 200, 300, 400].allSatisfy { try !fail($0) })
        #expect(try !fail(410))
        #expect(try fail(420))
        // A clock that goes back forgets nothing, and traps nothing.
        #expect(try fail(-999_999))
        #expect(try !fail(4_000_000_000))
    }

    @Test func `A ban ends, and one by hand outlasts others`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let tables = try Self.open(folder)
        let byHand = LogOnBan(subject: Self.network, since: 100, until: 1000, reason: "r", isByHand: true)
        let counted = LogOnBan(subject: Self.network, since: 200, until: 300, reason: "s")
        #expect(try tables.set(counted))
        #expect(try tables.set(byHand))
        #expect(try !tables.set(counted))
        #expect(try tables.ban(of: Self.network, at: 999) == byHand)
        #expect(try tables.ban(of: Self.network, at: 1000) == nil)
        #expect(try tables.ban(of: .account("a@b.test"), at: 200) == nil)
        #expect(try tables.bans(at: 200, count: 10) == [byHand])
        #expect(try !tables.lift(Self.network, at: 1000))
        #expect(try tables.lift(Self.network, at: 999))
        #expect(try tables.set(counted))
    }

    @Test func `Addresses of an account are bounded, the oldest go`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let tables = try Self.open(folder)
        try tables.database.transaction {
            for number in 0..<600 {
                try tables.know("10.0.\(number / 256).\(number % 256)/32", of: 7, day: 1000 + Int64(number / 60))
            }
            try tables.know("192.0.2.1/32", of: 8, day: 1000)
        }
        #expect(try !tables.knows("10.0.0.1/32", of: 7, on: 1010))
        #expect(try tables.knows("10.0.2.80/32", of: 7, on: 1010))
        #expect(try tables.knows("192.0.2.1/32", of: 8, on: 1090))
        #expect(try !tables.knows("192.0.2.1/32", of: 8, on: 1091))
        #expect(try !tables.knows("192.0.2.1/32", of: 7, on: 1010))
    }

    @Test func `The pace of log-ons`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let tables = try Self.open(folder)
        func admits(_ account: Int64, at moment: Int64) throws -> Bool {
            try tables.admit(account, every: 60, at: 1_000_000 + moment)
        }
        #expect(try admits(7, at: 0))
        #expect(try !admits(7, at: 59))
        #expect(try admits(8, at: 59))
        #expect(try admits(7, at: 60))
        #expect(try !admits(7, at: 61))
        try tables.withdraw(7)
        #expect(try admits(7, at: 62))
        // The clock was put back.
        #expect(try admits(7, at: 0))
    }

    @Test func `What is old goes, and no more is kept than there is room for`() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let tables = try Self.open(folder)
        func count(_ table: String) throws -> Int64? {
            try tables.database.first("SELECT count(*) FROM \(table)") { $0.integer(0) }
        }
        let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
        try tables.database.run(
            "\(numbers) INSERT INTO failures SELECT 'network', 'n' || i, 1000, 10000 + i FROM n",
            [.integer(210_000)]
        )
        try tables.database.run(
            "\(numbers) INSERT INTO bans SELECT 'network', 'n' || i, 1, 100000 + i, '', i % 2 FROM n",
            [.integer(110_000)]
        )
        try tables.purge(window: 5000, at: 20_000)
        #expect(try count("failures") == 200_000)
        // Those by hand stay: 55,000.
        #expect(try count("bans") == 105_000)
        #expect(try tables.ban(of: .network("n2"), at: 1000) == nil)
        #expect(try tables.ban(of: .network("n1"), at: 1000)?.isByHand == true)
        try tables.purge(window: 5000, at: 1_000_000)
        #expect(try count("failures") == 0)
        #expect(try count("bans") == 0)
    }
}
