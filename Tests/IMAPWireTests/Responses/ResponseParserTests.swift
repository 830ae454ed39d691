// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes
import Testing

private let accepted: [String] = [
    "* OK [CAPABILITY IMAP4rev1 IDLE] ready",
    "* OK hello",
    "* PREAUTH hello",
    "* BYE good bye",
    "a1 OK done",
    "a1 NO [AUTHENTICATIONFAILED] wrong user or password",
    "a1 BAD expected a tag",
    "a1 OK [APPENDUID 7 12] stored",
    "a1 OK [APPENDUID 7 12:14,16] stored",
    "a1 BAD [UIDREQUIRED] x",
    "* 25996 UIDFETCH (FLAGS (\\Seen) MODSEQ (9))",
    "* 1 FETCH (PREVIEW \"Hello\" PREVIEW NIL PREVIEW {3}\r\n\u{20AC})",
    "a1 OK [COPYUID 7 1:3,5 10:13] copied",
    "* OK [PERMANENTFLAGS (\\Seen $x \\*)] flags",
    "* OK [UNSEEN 3] first unseen",
    "a1 NO [BADCHARSET (US-ASCII UTF-8)] which charset",
    "a1 NO [READ-ONLY] x",
    "+ ",
    "+ idling",
    "* CAPABILITY IMAP4rev1 LITERAL+ AUTH=PLAIN",
    "* ENABLED",
    "* FLAGS (\\Answered \\Seen x)",
    "* 0 EXISTS",
    "* 0 RECENT",
    "* 4 EXPUNGE",
    "* LIST (\\HasChildren \\Sent) \"/\" INBOX",
    "* LIST () \"/\" \"Sent Items\"",
    "* LIST (\\Noselect) \"/\" \"\"",
    "* LIST () \"/\" Foo (\"CHILDINFO\" (\"SUBSCRIBED\"))",
    "* LSUB () \"/\" Entw&APw-rfe",
    "* STATUS INBOX (MESSAGES 1 UIDNEXT 2 SIZE 12345678901)",
    "* STATUS INBOX (MAILBOXID (F12) DELETED-STORAGE 9)",
    "* OK [MAILBOXID (F12)] x",
    "* QUOTA \"\" ()",
    "* QUOTA \"\" (STORAGE 10 512 MESSAGE 0 9223372036854775807)",
    "* QUOTAROOT INBOX",
    "* QUOTAROOT INBOX \"\" x",
    "* 1 FETCH (EMAILID (M1-_a) THREADID (T9) THREADID NIL)",
    "* SEARCH",
    "* SEARCH 2 5 (MODSEQ 917162500)",
    "* ESEARCH",
    "* ESEARCH (TAG \"a567\") UID COUNT 5 ALL 4:19,21,28",
    "* ESEARCH (TAG \"a\") MIN 2 MAX 47 MODSEQ 9223372036854775807",
    "* ESEARCH (TAG \"a\") UID PARTIAL (-1:-100 264,9,11:12) COUNT 0",
    "* ESEARCH PARTIAL (23500:24000 NIL)",
    "* METADATA \"\" (/shared/comment \"x\")",
    "* METADATA Entw&APw-rfe (/private/comment NIL /shared/comment {4}\r\na\r\nb)",
    "* METADATA INBOX (/shared/x ~{2}\r\n\0\0)",
    "a OK [METADATA LONGENTRIES 2199] x",
    "* METADATA \"\" /shared/comment", "* METADATA Entw&APw-rfe /shared/comment \"/private/a b\"",
    "a NO [BADEVENT (MessageNew FlagChange)] x", "* OK [NOTIFICATIONOVERFLOW] x",
    "a NO [BADURL /Drafts;UIDVALIDITY=1/;UID=20/;section=2%5D] x",
    "a NO [METADATA MAXSIZE 1024] x", "a NO [METADATA TOOMANY] x", "a NO [METADATA NOPRIVATE] x",
    "* ESEARCH (TAG \"B01\") UID ADDTO (0 32768:32769)",
    "* ESEARCH (TAG \"C01\") ADDTO (1 2733 1 2731:2732) REMOVEFROM (7 9,3)",
    "* ESEARCH (TAG \"t\" MAILBOX Entw&APw-rfe UIDVALIDITY 503) UID ALL 3002,4004",
    "* NO [NOUPDATE \"B02\"] x",
    "* SORT",
    "* SORT 5 3 4 1 2",
    "* SORT 5 3 (MODSEQ 17)",
    "* THREAD",
    "* THREAD (2)(3 6 (4 23)(44 7 96))",
    "* THREAD ((3)(5))(1 (2 3)(4 (5)(6 7)))",
    "* VANISHED 405,407:410",
    "* VANISHED (EARLIER) 1:4294967295",
    "* OK [HIGHESTMODSEQ 715194045007] x",
    "* OK [CLOSED] x",
    "* OK [INPROGRESS] x", "* OK [INPROGRESS (\"a\" NIL NIL)] x", "* OK [INPROGRESS (NIL 454 1000)] x",
    "* OK [INPROGRESS (\"a\" 0 NIL)] x",
    "a NO [COMPRESSIONACTIVE] x",
    "a1 OK [MODIFIED 7,9:11] some",
    "a1 NO [UNKNOWN-CTE] x",
    "a1 OK [MESSAGELIMIT 1000 23221] x", "a1 NO [MESSAGELIMIT 1000] x", "* NO [MESSAGELIMIT 1 4294967295] x",
    "* STATUS INBOX (HIGHESTMODSEQ 7)",
    "* LIST () \"/\" INBOX (\"OLDNAME\" (inbox))",
    "* LIST () \"/\" a (\"CHILDINFO\" (\"SUBSCRIBED\") \"OLDNAME\" (b))",
    "* 1 FETCH (MODSEQ (65402) BINARY.SIZE[1.2] 7 BINARY[2]<3> \"x\" BINARY[] NIL)",
    "* 1 FETCH (BINARY[1] ~{3}\r\na\0b)",
    "* SEARCH 1 2 4294967295",
    "* NAMESPACE ((\"\" \"/\")) NIL NIL",
    "* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL",
    "* ACL INBOX", "* ACL Entw&APw-rfe Fred rwipslxcetda -Fred wetd $team w anyone \"\"",
    "* ACL INBOX {4}\r\nB\u{F6}b l",
    "* LISTRIGHTS ~/Mail/saved smith la r swicdkxte", "* LISTRIGHTS archive anyone \"\" l r 0 1",
    "* MYRIGHTS INBOX rwiptsldaex", "* MYRIGHTS INBOX \"\"",
    "* ID NIL",
    "* ID (\"name\" \"Martlet\" \"version\" NIL)",
    "* 1 FETCH (FLAGS ())",
    "* 1 FETCH (UID 9 FLAGS (\\Seen) INTERNALDATE \" 7-Feb-1994 21:52:25 -0800\" RFC822.SIZE 44)",
    "* 1 FETCH (BODY[] {4}\r\na\r\nb)",
    "* 1 FETCH (BODY[]<0> \"\" BODY[1.MIME] NIL)",
    "* 1 FETCH (BODY[HEADER.FIELDS (From \"a b\")] \"x\" BODY[2.HEADER.FIELDS.NOT (a)] \"y\")",
    "* 1 FETCH (RFC822 \"x\" RFC822.HEADER \"y\" RFC822.TEXT NIL)",
    "* 1 FETCH (SAVEDATE NIL SAVEDATE \"17-Jul-1996 02:44:25 -0700\")",
    "* 1 FETCH (ENVELOPE (NIL \"s\" ((NIL NIL \"a\" \"b\")(\"n\" NIL NIL NIL)) NIL NIL NIL NIL NIL NIL \"<m>\"))",
    "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 10 1))",
    "* 1 FETCH (BODY ((\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 10 1)(\"image\" \"png\" NIL \"<i>\" \"d\" \"BASE64\" 99) \"MIXED\"))",
    "* 1 FETCH (BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 10 1 NIL (\"inline\" (\"filename\" \"x\")) (\"de\" \"en\") NIL))",
    "* 1 FETCH (BODYSTRUCTURE ((\"a\" \"b\" NIL NIL NIL \"7BIT\" 10 NIL NIL NIL NIL) \"MIXED\" (\"boundary\" \"x\") NIL NIL NIL))",
    "* 1 FETCH (BODY (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 10 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 1 1) 1))",
]

@Test(arguments: accepted)
func readsAndWritesResponses(text: String) throws {
    let response = try ResponseParser.parse(Array(text.utf8))
    var encoder = WireEncoder()
    encoder.response(response)
    #expect(String(decoding: frame(encoder.bytes), as: UTF8.self) == text)
}

@Test(arguments: accepted)
func readsDamagedResponses(text: String) throws {
    let octets = Array(text.utf8)
    for cut in octets.indices { _ = try? ResponseParser.parse(Array(octets[..<cut])) }
    for place in octets.indices {
        for octet: UInt8 in [0, 10, 13, 32, 34, 40, 41, 48, 57, 60, 65, 91, 92, 93, 123, 125, 128] {
            var changed = octets
            changed[place] = octet
            _ = try? ResponseParser.parse(changed)
        }
    }
}

@Test(arguments: [
    "", "*", "* ", "* OK", "* OK ", "* 1 FETCH ()", "* 0 FETCH (UID 1)", "* -1 EXISTS", "* 1 FETCH (RFC822.SIZE -1)",
    "* 1 FETCH (UID 0)", "* 1 FETCH (FLAGS (\\*))", "* LIST (x) \"/\" INBOX", "* LIST () \"/\" Entwürfe", "* SEARCH 0",
    "* SEARCH ", "* OK [FOO] x", "a BYE x", "* OK \u{E9}", "* 1 FETCH (BODY[] {6}\r\nabc)", "* 1 FETCH (BODY[] x)",
    "* 1 FETCH (ENVELOPE (NIL NIL () NIL NIL NIL NIL NIL NIL NIL))",
    "* NAMESPACE ((\"\" \"/\")) ((Other \"/\")) NIL", "* NAMESPACE ((\"\" \"/\")) NIL", "* ACL INBOX Fred",
    "* ACL INBOX Fred L", "* ACL INBOX \"\" l", "* LISTRIGHTS INBOX Fred", "* MYRIGHTS INBOX", "* MYRIGHTS INBOX l r",
    "* THREAD ", "* THREAD ()", "* THREAD (1 (2))", "* THREAD (1(2)(3))", "* THREAD (1 (2)(3) 4)", "* THREAD (0)",
    "* SORT 0",
    "* NO [NOUPDATE B02] x", "* ESEARCH ADDTO ()", "* ESEARCH ADDTO (1)", "* ESEARCH ADDTO (0 0)",
    "* ESEARCH (TAG \"t\" MAILBOX x) ALL 1", "* ESEARCH (MAILBOX x UIDVALIDITY 1) ALL 1",
    "* METADATA INBOX x", "* METADATA INBOX /shared/x ", "a NO [BADEVENT ()] x", "a NO [BADEVENT x] x",
    "a NO [BADURL] x", "a NO [BADURL ] x",
    "a NO [MESSAGELIMIT] x", "a NO [MESSAGELIMIT 0] x", "a NO [MESSAGELIMIT 1 0] x", "a NO [MESSAGELIMIT 1 ] x",
    "a NO [MESSAGELIMIT 4294967296] x",
    "* METADATA INBOX ()", "* METADATA INBOX (/x \"y\")", "* OK [METADATA LONG] x",
    "* ESEARCH PARTIAL (0:1 NIL)", "* ESEARCH ALL 9:3",
    "* SEARCH (MODSEQ 1)", "* SEARCH 1 (MODSEQ 0)", "* ESEARCH (TAG a) ALL 1", "* ESEARCH ALL *", "* ESEARCH MIN 0",
    "* OK [INPROGRESS ()] x", "* OK [INPROGRESS (a 1 2)] x", "* OK [INPROGRESS (\"a\" NIL 2)] x",
    "* OK [INPROGRESS (\"a\" 1 0)] x", "* OK [INPROGRESS (\"a\" 1)] x",
    "* VANISHED", "* VANISHED *", "* VANISHED $", "* VANISHED (LATER) 1", "* 1 FETCH (MODSEQ 1)", "* OK [MODIFIED] x",
    "* 1 FETCH (BINARY[MIME] \"x\")", "* OK [HIGHESTMODSEQ 0] x", "* LIST () \"/\" a ()", "* FLAGS (\\Seen",
    "* ID (\"a\")",
    "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" () NIL NIL \"7BIT\" 10 1))",
    "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" NIL NIL NIL NIL 10 1))",
    "* 1 FETCH (BODY (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 10))", "* 1 FETCH (BODY (\"MIXED\"))",
])
func refusesInvalidResponses(text: String) {
    #expect(throws: IMAPSyntaxError.self) { try ResponseParser.parse(Array(text.utf8)) }
}

private let acceptedInUTF8: [String] = [
    "* 1 FETCH (PREVIEW \"\u{20AC}\")", "* LIST () \"/\" \"Entwürfe\"", "* LIST () \"/\" a&b",
    "* STATUS \"日本\" (MESSAGES 1)",
    "* LSUB () \"/\" \"ä \\\" ö\"",
]

@Test(arguments: acceptedInUTF8)
func readsAndWritesResponsesInUTF8(text: String) throws {
    let response = try ResponseParser.parse(Array(text.utf8), textForm: .utf8)
    var encoder = WireEncoder(textForm: .utf8)
    encoder.response(response)
    #expect(String(decoding: frame(encoder.bytes), as: UTF8.self) == text)
    guard text.utf8.contains(where: { $0 >= 0x80 }), !text.contains("FETCH") else { return }
    #expect(throws: IMAPSyntaxError.self) { try ResponseParser.parse(Array(text.utf8)) }
}

@Test
func refusesNamesThatAreNotUTF8() {
    let text = Array("* LIST () \"/\" \"".utf8) + [0xFF, 0x22]
    #expect(throws: IMAPSyntaxError.self) { try ResponseParser.parse(text, textForm: .utf8) }
}

@Test
func writesConversationsWithoutEnd() throws {
    // Each answers the one before: nothing may recurse over them.
    let count = 200_000
    let nodes = (0..<count).map { ThreadForest.Node(UInt32($0 + 1), $0 + 1 < count ? [$0 + 1] : []) }
    let nested = (0..<count).flatMap {
        [ThreadForest.Node(1, $0 + 1 < count ? [2 * $0 + 1, 2 * $0 + 2] : []), .init(2)]
    }
    for forest in [ThreadForest(nodes: nodes, roots: [0]), ThreadForest(nodes: nested, roots: [0])] {
        var encoder = WireEncoder()
        encoder.response(.thread(forest))
        #expect(encoder.bytes.count > count)
    }
    let deep = "* THREAD " + String(repeating: "(1 (1)", count: 5_000)
    #expect(throws: IMAPSyntaxError.self) { try ResponseParser.parse(Array(deep.utf8)) }
}

@Test(arguments: [
    (1, 3, false, 0..<3), (3, 1, false, 0..<3), (4, 9, false, 3..<5), (6, 9, false, 5..<5), (1, 2, true, 3..<5),
    (5, 9, true, 0..<1), (6, 9, true, 0..<0), (1, UInt32.max, true, 0..<5),
])
func findsPlacesOfFive(first: UInt32, last: UInt32, isFromEnd: Bool, places: Range<Int>) {
    #expect(PartialRange(first, last, isFromEnd: isFromEnd).places(of: 5) == places)
}
