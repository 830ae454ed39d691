// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

@Suite("Mailboxes", .timeLimit(.minutes(20)))
struct MailboxTests {
    @Test("LIST, LSUB, CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, NAMESPACE")
    func names() async throws {
        try await Dialogue().loggedOn { client in
            try await client.talk(
                """
                C: a LIST "" ""
                S: * LIST (\\Noselect) "/" ""
                S: a OK LIST completed
                C: b LIST "" *
                S: * LIST (\\HasNoChildren) "/" INBOX
                S: * LIST (\\HasNoChildren \\Sent) "/" Sent
                S: * LIST (\\HasNoChildren \\Trash) "/" Trash
                S: b OK LIST completed
                C: c CREATE Work/2026/Q&AOk-
                S: c OK [MAILBOXID (F...
                C: d CREATE work
                S: d OK [MAILBOXID (F...
                C: e CREATE Work
                S: e NO [ALREADYEXISTS] ...
                C: f CREATE inbox
                S: f NO [ALREADYEXISTS] INBOX always exists
                C: g CREATE a//b
                S: g NO [CANNOT] ...
                C: h LIST "" %
                S: * LIST (\\HasNoChildren) "/" INBOX
                S: * LIST (\\HasNoChildren \\Sent) "/" Sent
                S: * LIST (\\HasNoChildren \\Trash) "/" Trash
                S: * LIST (\\HasChildren) "/" Work
                S: * LIST (\\HasNoChildren) "/" work
                S: h OK LIST completed
                C: i LIST Work/ %/%
                S: * LIST (\\HasNoChildren) "/" Work/2026/Q&AOk-
                S: i OK LIST completed
                C: j DELETE Work/2026
                S: j OK DELETE completed
                C: k LIST "" Work/%
                S: * LIST (\\Noselect \\HasChildren) "/" Work/2026
                S: k OK LIST completed
                C: l DELETE Work/2026
                S: l NO [NONEXISTENT] ...
                C: m RENAME Work Play
                S: m OK RENAME completed
                C: n LIST "" play*
                S: n OK LIST completed
                C: o LIST "" Play*
                S: * LIST (\\HasChildren) "/" Play
                S: * LIST (\\Noselect \\HasChildren) "/" Play/2026
                S: * LIST (\\HasNoChildren) "/" Play/2026/Q&AOk-
                S: o OK LIST completed
                C: p RENAME Play Play/Sub
                S: p NO [CANNOT] A mailbox cannot move below itself
                C: q DELETE INBOX
                S: q NO [CANNOT] INBOX cannot be deleted
                C: r SUBSCRIBE Play/2026/Q&AOk-
                S: r OK SUBSCRIBE completed
                C: s SUBSCRIBE Gone
                S: s OK SUBSCRIBE completed
                C: s SUBSCRIBE Gone
                S: s OK SUBSCRIBE completed
                C: t LSUB "" *
                S: * LSUB () "/" Gone
                S: * LSUB () "/" Play/2026/Q&AOk-
                S: t OK LSUB completed
                C: u LSUB "" %
                S: * LSUB () "/" Gone
                S: * LSUB (\\Noselect) "/" Play
                S: u OK LSUB completed
                C: v UNSUBSCRIBE Gone
                S: v OK UNSUBSCRIBE completed
                C: w UNSUBSCRIBE Gone
                S: w OK UNSUBSCRIBE completed
                C: x NAMESPACE
                S: * NAMESPACE (("" "/")) NIL NIL
                S: x OK NAMESPACE completed
                C: y LIST "" inbox
                S: * LIST (\\HasNoChildren) "/" INBOX
                S: y OK LIST completed
                """
            )
        }
    }

    @Test("LIST with options, and CREATE with a special use")
    func extendedList() async throws {
        try await Dialogue().loggedOn { client in
            try await client.talk(
                """
                C: a CREATE Keep (USE (\\Archive))
                S: a OK [MAILBOXID (F...
                C: b CREATE Odd (USE (\\Weird))
                S: b NO [USEATTR] No such special use
                C: c LIST (SPECIAL-USE) "" *
                S: * LIST (\\HasNoChildren \\Archive) "/" Keep
                S: * LIST (\\HasNoChildren \\Sent) "/" Sent
                S: * LIST (\\HasNoChildren \\Trash) "/" Trash
                S: c OK LIST completed
                C: d CREATE a/b
                S: d OK [MAILBOXID (F...
                C: e SUBSCRIBE a/b
                S: e OK SUBSCRIBE completed
                C: f SUBSCRIBE Gone
                S: f OK SUBSCRIBE completed
                C: g LIST (SUBSCRIBED) "" * RETURN (CHILDREN)
                S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Gone
                S: * LIST (\\HasNoChildren \\Subscribed) "/" a/b
                S: g OK LIST completed
                C: h LIST (SUBSCRIBED RECURSIVEMATCH) "" %
                S: * LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" Gone
                S: * LIST (\\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))
                S: h OK LIST completed
                C: h1 CREATE c/d (USE (\\Flagged))
                S: h1 OK [MAILBOXID (F...
                C: h2 LIST (SPECIAL-USE RECURSIVEMATCH) "" c*
                S: * LIST (\\HasChildren) "/" c ("CHILDINFO" ("SPECIAL-USE"))
                S: * LIST (\\HasNoChildren \\Flagged) "/" c/d
                S: h2 OK LIST completed
                C: h3 LIST (SUBSCRIBED SPECIAL-USE RECURSIVEMATCH) "" c
                S: h3 OK LIST completed
                C: h4 SUBSCRIBE c/d
                S: h4 OK SUBSCRIBE completed
                C: h5 LIST (SUBSCRIBED SPECIAL-USE RECURSIVEMATCH) "" c
                S: * LIST (\\HasChildren) "/" c ("CHILDINFO" ("SUBSCRIBED" "SPECIAL-USE"))
                S: h5 OK LIST completed
                C: i LIST "" (INBOX Sent) RETURN (STATUS (MESSAGES SIZE) SUBSCRIBED)
                S: * LIST (\\HasNoChildren) "/" INBOX
                S: * STATUS INBOX (MESSAGES 0 SIZE 0)
                S: * LIST (\\HasNoChildren \\Sent) "/" Sent
                S: * STATUS Sent (MESSAGES 0 SIZE 0)
                S: i OK LIST completed
                """
            )
        }
    }

    @Test("STATUS, SELECT, EXAMINE, CLOSE, UNSELECT, CHECK, ENABLE")
    func selecting() async throws {
        let dialogue = Dialogue()
        dialogue.account.deliver("Subject: 1\r\n\r\none\r\n", flags: FlagSet(system: .seen))
        dialogue.account.deliver("Subject: 2\r\n\r\ntwo\r\n", flags: FlagSet(system: .deleted))
        try await dialogue.loggedOn { client in
            try await client.talk(
                """
                C: a STATUS INBOX (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN SIZE DELETED APPENDLIMIT)
                S: * STATUS INBOX (MESSAGES 2 RECENT 0 UIDNEXT 3 UIDVALIDITY 1001 UNSEEN 1 SIZE 38 DELETED 1 APPENDLIMIT 52428800)
                S: a OK STATUS completed
                C: b STATUS Nowhere (MESSAGES)
                S: b NO [NONEXISTENT] No mailbox Nowhere
                C: c FETCH 1 FLAGS
                S: c BAD FETCH needs a selected mailbox
                C: d EXAMINE INBOX
                S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
                S: * OK [PERMANENTFLAGS ()] Flags that are kept
                S: * 2 EXISTS
                S: * 0 RECENT
                S: * OK [UNSEEN 2] First unseen message
                S: * OK [UIDVALIDITY 1001] UIDs are valid
                S: * OK [UIDNEXT 3] Predicted next UID
                S: * OK [HIGHESTMODSEQ 3] Highest
                S: * OK [MAILBOXID (F1)] Stays with the mailbox
                S: d OK [READ-ONLY] EXAMINE completed
                C: e STORE 1 +FLAGS (\\Flagged)
                S: e NO [READ-ONLY] The mailbox is open for reading only
                C: f EXPUNGE
                S: f NO [READ-ONLY] The mailbox is open for reading only
                C: g FETCH 2 BODY[TEXT]
                S: * 2 FETCH (BODY[TEXT] {5}
                S: two
                S: )
                S: g OK FETCH completed
                C: h CLOSE
                S: h OK CLOSE completed
                C: i CLOSE
                S: i BAD CLOSE needs a selected mailbox
                C: j SELECT INBOX
                S: * FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)
                S: * OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)] Flags that are kept
                S: * 2 EXISTS
                S: * 0 RECENT
                S: * OK [UNSEEN 2] First unseen message
                S: * OK [UIDVALIDITY 1001] UIDs are valid
                S: * OK [UIDNEXT 3] Predicted next UID
                S: * OK [HIGHESTMODSEQ 3] Highest
                S: * OK [MAILBOXID (F1)] Stays with the mailbox
                S: j OK [READ-WRITE] SELECT completed
                C: k CHECK
                S: k OK CHECK completed
                C: l ENABLE X-FOO
                S: * ENABLED
                S: l OK ENABLE completed
                C: m SELECT Nowhere
                S: * OK [CLOSED] The mailbox before is left
                S: m NO [NONEXISTENT] No mailbox Nowhere
                C: n FETCH 1 FLAGS
                S: n BAD FETCH needs a selected mailbox
                C: o SELECT INBOX
                """
            )
            #expect(try await client.responses(to: "o").count == 10)
            try await client.talk(
                """
                C: p UNSELECT
                S: p OK UNSELECT completed
                C: q STATUS INBOX (MESSAGES)
                S: * STATUS INBOX (MESSAGES 2)
                S: q OK STATUS completed
                C: r SELECT INBOX
                """
            )
            #expect(try await client.responses(to: "r").count == 10)
            try await client.talk(
                """
                C: s CLOSE
                S: s OK CLOSE completed
                C: t STATUS INBOX (MESSAGES)
                S: * STATUS INBOX (MESSAGES 1)
                S: t OK STATUS completed
                """
            )
        }
    }

    @Test("A mailbox that is deleted while selected loses its messages, not the session")
    func deletedUnderneath() async throws {
        try await Dialogue().loggedOn { client in
            try await client.run("CREATE Short")
            try await client.send("a APPEND Short {5+}\r\nA: b\n\r\n")
            _ = try await client.responses(to: "a")
            try await client.run("SELECT Short")
            #expect(try await client.run("DELETE Short") == ["1 EXPUNGE", "OK DELETE completed"])
            #expect(try await client.run("UID FETCH 1:* FLAGS") == ["NO [NONEXISTENT] The mailbox was deleted"])
            #expect(try await client.run("NOOP") == ["OK NOOP completed"])
            #expect(try await client.run("SELECT INBOX").last == "OK [READ-WRITE] SELECT completed")
        }
    }
}
