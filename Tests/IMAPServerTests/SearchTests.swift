// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

private let messages: [(text: String, flags: FlagSet)] = [
    (
        "From: alice@example.test\r\nSubject: One\r\nDate: Mon, 7 Feb 1994 21:52:25 -0800\r\n\r\nfirst body\r\n",
        FlagSet(system: .seen)
    ),
    (
        "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nzweiter Körper\r\n",
        FlagSet(system: [.flagged, .deleted])
    ),
    (
        "Subject: html\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nna=EFve caf=E9\r\n",
        .none
    ),
    (
        "Subject: mime\r\nX-Spam: yes\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Transfer-Encoding: base64\r\n\r\naGlkZGVuIHRyZWFzdXJl\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ndeep\r\n--b--\r\n",
        FlagSet(system: [.answered, .draft])
    ),
]

private let searches: [(String, [Int])] = [
    ("ALL", [1, 2, 3, 4]), ("SEEN", [1]), ("UNSEEN", [2, 3, 4]), ("FLAGGED DELETED", [2]),
    ("NOT FLAGGED UNDRAFT", [1, 3]),
    ("OR SEEN ANSWERED", [1, 4]), ("UNANSWERED UNDELETED UNFLAGGED", [1, 3]), ("(SEEN)", [1]), ("NEW", []),
    ("RECENT", []),
    ("OLD", [1, 2, 3, 4]), ("2:3", [2, 3]), ("3:*", [3, 4]), ("99", []), ("UID 2:4 NOT 3", [2, 4]), ("*", [4]),
    ("KEYWORD $x", []), ("UNKEYWORD $x", [1, 2, 3, 4]),
    ("FROM alice", [1]), ("FROM BOB", [2]), ("TO alice", [2]), ("CC x", []), ("BCC x", []), ("SUBJECT one", [1]),
    ("SUBJECT {8+}\r\ngrüße", []), ("CHARSET UTF-8 SUBJECT {7+}\r\nGRÜßE", [2]),
    ("CHARSET utf-8 BODY {7+}\r\nkörper", [2]),
    ("HEADER X-Spam \"\"", [4]), ("HEADER X-Spam no", []), ("BODY first", [1]), ("BODY \"hidden treasure\"", [4]),
    ("BODY aGlkZGVu", []), ("CHARSET UTF-8 TEXT {11+}\r\nNAÏVE CAF", []),
    ("CHARSET UTF-8 TEXT {10+}\r\nNAÏVE CAF", [3]),
    ("TEXT base64", [4]), ("BODY base64", []), ("BODY \"first  body\"", [1]), ("TEXT \"mime x-spam\"", []),
    ("NOT BODY first", [2, 3, 4]), ("OR FLAGGED BODY first", [1, 2]), ("NOT OR SEEN TEXT multipart", [2, 3]),
    ("SENTON 7-Feb-1994 BODY first", [1]), ("OR SENTON 7-Feb-1994 BODY deep", [1, 4]),
    ("NOT SENTON 7-Feb-1994 FROM bob", [2]), ("HEADER \"Subject: \" \"\"", []), ("SUBJECT \"\"", [1, 2, 3, 4]),
    ("BODY deep", [4]), ("BODY inner", [4]), ("TEXT multipart", [4]), ("BODY multipart", []),
    ("TEXT \"\"", [1, 2, 3, 4]),
    ("SENTON 7-Feb-1994", [1]), ("SENTSINCE 8-Feb-1994", []), ("SENTBEFORE 8-Feb-1994", [1]),
    ("ON 9-Sep-2001", [1, 2, 3, 4]), ("BEFORE 9-Sep-2001", []), ("SINCE 10-Sep-2001", []),
    ("SAVEDON 9-Sep-2001", [1, 2, 3, 4]),
    ("LARGER 100 SMALLER 160", [2, 3]), ("YOUNGER 3600", []), ("OLDER 3600", [1, 2, 3, 4]),
    ("SAVEDATESUPPORTED", [1, 2, 3, 4]),
]

@Suite("SEARCH", .timeLimit(.minutes(20)))
struct SearchTests {
    @Test("Every key", arguments: searches.indices)
    func keys(index: Int) async throws {
        let (search, found) = searches[index]
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: to be removed\r\n\r\n")
        for message in messages { dialogue.account.deliver(message.text, flags: message.flags) }
        try await dialogue.loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.run("STORE 1 +FLAGS.SILENT \\Deleted")
            try await client.run("UID EXPUNGE 1")
            guard !search.contains("UID") else { return }
            try await client.expect(
                "SEARCH \(search)",
                ["SEARCH" + found.map { " \($0)" }.joined(), "OK SEARCH completed"]
            )
            try await client.expect(
                "UID SEARCH \(search)",
                ["SEARCH" + found.map { " \($0 + 1)" }.joined(), "OK UID SEARCH completed"]
            )
        }
    }

    @Test("Charsets that are not known are told which are")
    func charset() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("SELECT INBOX")
            try await client.expect(
                "SEARCH CHARSET KOI8-R TEXT x",
                ["NO [BADCHARSET (US-ASCII UTF-8)] Charset is not known"]
            )
            try await client.expect("SEARCH UID 1:*", ["SEARCH", "OK SEARCH completed"])
            try await client.expect("SEARCH 1:*", ["SEARCH", "OK SEARCH completed"])
        }
    }
}
