// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailSQL
internal import Testing

@Suite struct MailSQLFileTests {
    private let path = "/tmp/martlet-sql-\(UInt64.random(in: .min ... .max)).db"

    @Test func `Rows are taken, with bodies in pieces, and an account twice is refused`() throws {
        let file = try MailSQLFile(path)
        try file.begin(account: 7, address: "ann@example.org")
        try file.add(mailbox: ["name": "INBOX", "uidValidity": 3, "subscribed": true, "specialUse": []])
        let message: JSONValue = [
            "uid": 1, "modSeq": 2, "date": 3, "size": 5, "flags": ["\\Seen"], "keywords": ["a", "a"],
        ]
        try file.add(message: message, octets: 5)
        try file.add(body: [1, 2, 3])
        try file.add(body: [4, 5])
        // More than was announced is refused, not written.
        #expect(throws: MailSQLError.self) { try file.add(body: [6]) }
        try file.add(message: ["uid": 2], octets: nil)
        try file.add(body: [1])
        try file.add(message: ["uid": 3], octets: MailSQLFile.maximumBodyOctets + 1)
        #expect(throws: MailSQLError.self) { try file.begin(account: 7, address: "ann@example.org") }
        try file.endAccount()
        try file.finish()
        #expect(file.messages == 3)
        #expect(file.bodiesLeftOut == 1)
    }

    @Test func `A file that cannot be made is said`() {
        #expect(throws: MailSQLError.self) { _ = try MailSQLFile("/nonexistent/x.db") }
    }
}
