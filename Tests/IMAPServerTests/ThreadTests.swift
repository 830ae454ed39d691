// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Locking
import MailTypes
import Testing

@Suite("THREAD (RFC 5256)", .timeLimit(.minutes(20)))
struct ThreadTests {
    private static let mails = [
        "Date: Mon, 1 Jan 2024 10:00:00 +0000\r\nMessage-ID: <a@x>\r\nSubject: lunch\r\n\r\n",
        "Date: Mon, 1 Jan 2024 12:00:00 +0000\r\nMessage-ID: <b@x>\r\nIn-Reply-To: \"you\" <a@x> of today\r\nSubject: Re: lunch\r\n\r\n",
        "Date: Mon, 1 Jan 2024 11:00:00 +0000\r\nMessage-ID: <c@x>\r\nReferences: <a@x>\r\nSubject: other\r\n\r\n",
        "Date: Mon, 1 Jan 2024 09:00:00 +0000\r\nMessage-ID: <d@x>\r\nSubject: dinner\r\n\r\n",
        "Date: Mon, 1 Jan 2024 13:00:00 +0000\r\nSubject: Fwd: dinner\r\n\r\n",
    ]

    private func selected(
        keepsStructures: Bool = true,
        _ body: @escaping @Sendable (IMAPTestClient) async throws -> Void
    ) async throws {
        let dialogue = Dialogue()
        for mail in Self.mails { dialogue.account.deliver(mail) }
        dialogue.account.state.withLock { $0.keepsStructures = keepsStructures }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.run("STORE 1 +FLAGS.SILENT (\\Flagged)")
            try await body(client)
        }
    }

    @Test("By subject and by references, with numbers and UIDs", arguments: [true, false])
    func algorithms(keepsStructures: Bool) async throws {
        try await selected(keepsStructures: keepsStructures) { client in
            try await client.expect(
                "THREAD ORDEREDSUBJECT UTF-8 ALL",
                ["THREAD (4 5)(1 2)(3)", "OK THREAD completed"]
            )
            try await client.expect(
                "THREAD REFERENCES UTF-8 ALL",
                ["THREAD (4 5)(1 (3)(2))", "OK THREAD completed"]
            )
            try await client.expect(
                "UID THREAD REFERENCES US-ASCII UNFLAGGED",
                ["THREAD (4 5)((3)(2))", "OK UID THREAD completed"]
            )
            try await client.expect("THREAD REFERENCES UTF-8 NOT ALL", ["THREAD", "OK THREAD completed"])
            try await client.expect(
                "THREAD REFERENCES X-FOO ALL",
                ["NO [BADCHARSET (US-ASCII UTF-8)] Charset is not known"]
            )
        }
    }
}
