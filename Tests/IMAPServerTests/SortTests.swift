// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import MailTypes
import Testing

@Suite("SORT, SORT=DISPLAY, ESORT (RFC 5256, RFC 5957, RFC 5267)", .timeLimit(.minutes(20)))
struct SortTests {
    /// Four messages, of which no two keys have the same order.
    private static let mails = [
        "Date: Tue, 2 Jan 2024 10:00:00 +0000\r\nFrom: Zoe <b@x>\r\nTo: c@x\r\nCc: a@x\r\nSubject: Re: beta\r\n\r\nlong long\r\n",
        "Date: Mon, 1 Jan 2024 23:00:00 -0500\r\nFrom: a@x\r\nTo: =?UTF-8?Q?=C3=84da?= <z@x>\r\nSubject: [l] alpha\r\n\r\nx\r\n",
        "Date: nonsense\r\nFrom: Team: Carl <C@x>, d@x;\r\nTo: Bob <a@x>\r\nCc: b@x\r\nSubject: gamma\r\n\r\nlonger\r\n",
        "From: Dan <d@x>\r\nTo: b@x\r\nCc: c@x\r\nSubject: beta\r\n\r\nthe longest of them all, by far, and further\r\n"
            + "padding padding padding padding padding padding\r\n",
    ]

    private func selected(_ body: @escaping @Sendable (IMAPTestClient) async throws -> Void) async throws {
        try await Dialogue.selected(Self.mails, body)
    }

    @Test("By each key, and backwards; what is equal stays in order")
    func keys() async throws {
        try await selected { client in
            for (criteria, order) in [
                ("SUBJECT", "2 1 4 3"), ("REVERSE SUBJECT", "3 1 4 2"), ("SUBJECT REVERSE SIZE", "2 4 1 3"),
                ("FROM", "2 1 3 4"), ("TO", "3 4 1 2"), ("CC", "2 1 3 4"), ("ARRIVAL", "1 2 3 4"),
                ("REVERSE ARRIVAL", "1 2 3 4"), ("SIZE", "3 1 2 4"), ("REVERSE SIZE", "4 2 1 3"), ("DATE", "3 4 2 1"),
                ("DISPLAYFROM", "2 3 4 1"), ("DISPLAYTO", "2 4 3 1"), ("ARRIVAL FROM", "2 1 3 4"),
            ] {
                try await client.expect("SORT (\(criteria)) UTF-8 ALL", ["SORT \(order)", "OK SORT completed"])
            }
            try await client.expect("UID SORT (SIZE) US-ASCII NOT 1", ["SORT 3 2 4", "OK UID SORT completed"])
            try await client.expect("SORT (SIZE) UTF-8 SUBJECT nothing", ["SORT", "OK SORT completed"])
            try await client.expect(
                "SORT (SIZE) KOI8-R ALL",
                ["NO [BADCHARSET (US-ASCII UTF-8)] Charset is not known"]
            )
            try await client.expect(
                "SORT (SIZE) UTF-8 MODSEQ 3",
                ["OK [HIGHESTMODSEQ 5] Highest", "SORT 3 2 4 (MODSEQ 5)", "OK SORT completed"]
            )
        }
    }

    @Test("With RETURN, in the extended form and in the order of the result")
    func extended() async throws {
        try await selected { client in
            for (command, answer) in [
                ("SORT RETURN () (SUBJECT) UTF-8 ALL", "ALL 2,1,4,3"),
                ("SORT RETURN (ALL) (ARRIVAL) UTF-8 ALL", "ALL 1:4"),
                ("SORT RETURN (MIN MAX COUNT) (SUBJECT) UTF-8 ALL", "MIN 2 MAX 3 COUNT 4"),
                ("UID SORT RETURN (PARTIAL 2:3) (SUBJECT) UTF-8 ALL", "UID PARTIAL (2:3 1,4)"),
                ("SORT RETURN (PARTIAL -1:-2) (SUBJECT) UTF-8 ALL", "PARTIAL (-1:-2 4,3)"),
                ("SORT RETURN (COUNT) (SUBJECT) UTF-8 NOT ALL", "COUNT 0"),
            ] {
                let name = command.hasPrefix("UID") ? "UID SORT" : "SORT"
                try await client.talk("C: t \(command)\nS: * ESEARCH (TAG \"t\") \(answer)\nS: t OK \(name) completed")
            }
            try await client.expect(
                "SORT RETURN (SAVE MIN) (SUBJECT) UTF-8 ALL",
                ["ESEARCH (TAG \"t3\") MIN 2", "OK SORT completed"]
            )
            try await client.expect("FETCH $ UID", ["2 FETCH (UID 2)", "OK FETCH completed"])
            try await client.expect(
                "SORT RETURN (ALL PARTIAL 1:2) (SUBJECT) UTF-8 ALL",
                ["BAD PARTIAL and ALL exclude each other"]
            )
        }
    }
}
