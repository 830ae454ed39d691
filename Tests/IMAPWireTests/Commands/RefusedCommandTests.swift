// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import Testing

private let refused: [(String, offset: Int, expected: String)] = [
    ("", 0, "a tag"),
    (" NOOP", 0, "a tag"),
    ("a", 1, "a space"),
    ("a ", 2, "a command"),
    ("a NOOP x", 6, "the end of the NOOP command"),
    ("a UNAUTHENTICATE x", 16, "the end of the UNAUTHENTICATE command"),
    ("a CANCELUPDATE", 14, "a space"),
    ("a CANCELUPDATE B01", 15, "a tag in quotation marks"),
    ("a ESEARCH IN (selected-delayed) ALL", 14, "selected, inboxes"),
    ("a ESEARCH IN (subtree) ALL", 21, "a space"),
    ("a ESEARCH IN (selected (x)) ALL", 23, "selected, inboxes"),
    ("a ESEARCH IN () ALL", 14, "selected, inboxes"),
    ("a SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL", 29, "one PARTIAL"),
    ("a UID", 5, "a space"),
    ("a UID NOOP", 10, "after UID"),
    ("a LOGIN", 7, "a space"),
    ("a LOGIN  x", 8, "a user name"),
    ("a LOGIN x", 9, "a space"),
    ("a LOGIN \"x", 10, "the end of the quoted string"),
    ("a LOGIN \"x\\y\" z", 11, "after \"\\\""),
    ("a LOGIN {3}\r\nal", 13, "3 octets of a literal"),
    ("a SELECT &", 9, "modified UTF-7"),
    ("a SELECT a&AGE-", 9, "modified UTF-7"),
    ("a SELECT \"\u{1}\"", 9, "modified UTF-7"),
    ("a FETCH 0 FLAGS", 8, "above 0"),
    ("a FETCH 4294967296 FLAGS", 8, "above 0"),
    ("a FETCH 1: FLAGS", 10, "above 0"),
    ("a FETCH 1", 9, "a space"),
    ("a FETCH 1 ()", 11, "a FETCH item"),
    ("a FETCH 1 (FLAGS", 16, "\")\""),
    ("a FETCH 1 BODY[", 15, "HEADER"),
    ("a FETCH 1 BODY[MIME]", 15, "HEADER"),
    ("a FETCH 1 BODY[1.]", 17, "a part number"),
    ("a FETCH 1 BODY[0]", 15, "a part number above 0"),
    ("a FETCH 1 BODY[HEADER.FIELDS ()]", 30, "a header field name"),
    ("a FETCH 1 BODY[]<0>", 18, "\".\""),
    ("a FETCH 1 BODY[]<0.0>", 19, "above 0"),
    ("a FETCH 1 RFC822.SIZES", 10, "a FETCH item"),
    ("a STORE 1 FLAG (x)", 10, "FLAGS"),
    ("a STORE 1 FLAGS (\\Foo)", 17, "a flag that exists"),
    ("a STORE 1 FLAGS (x", 18, "\")\""),
    ("a SEARCH", 8, "a space"),
    ("a SEARCH FOO", 9, "a search key"),
    ("a SEARCH NOT", 12, "what NOT needs"),
    ("a SEARCH ON 31-Feb-2000", 12, "a date"),
    ("a SEARCH ON 1-Foo-2000", 14, "month"),
    ("a SEARCH (ALL", 13, "\")\""),
    ("a STATUS x ()", 12, "a STATUS item"),
    ("a APPEND x \"17-Jul-1996 25:44:25 -0700\" {1}", 11, "a date and time"),
    ("a APPEND x hello", 11, "the message as a literal"),
    ("a APPEND x UTF8 ({5}", 20, "a literal8"),
    ("a REPLACE 1:2 x {5}", 10, "the number of one message"),
    ("a REPLACE $ x {5}", 10, "the number of one message"),
    ("a CREATE x (USE \\Sent)", 16, "\"(\""),
    ("a LIST (RECURSIVEMATCH) \"\" *", 7, "another selection option"),
    ("a ENABLE", 8, "a space"),
    ("a SELECT x (", 12, "CONDSTORE"),
    ("a SELECT x (QRESYNC (0 1))", 21, "a UIDVALIDITY"),
    ("a SELECT x (QRESYNC (1 0))", 23, "a mod-sequence above 0"),
    ("a SELECT x (QRESYNC (1 2 *))", 25, "a set of numbers"),
    ("a SELECT x (QRESYNC (1 2 (3)))", 27, "a space"),
    ("a FETCH 1 FLAGS (CHANGEDSINCE)", 29, "a space"),
    ("a FETCH 1 FLAGS (CHANGEDSINCE 9223372036854775808)", 30, "a mod-sequence"),
    ("a FETCH 1 FLAGS (GONE)", 17, "CHANGEDSINCE, VANISHED"),
    ("a FETCH 1 FLAGS (PARTIAL 0:1)", 25, "a place above 0"),
    ("a FETCH 1 FLAGS (PARTIAL -1:1)", 28, "\"-\""),
    ("a SORT () UTF-8 ALL", 8, "a sort key"),
    ("a SORT (REVERSE) UTF-8 ALL", 15, "a space"),
    ("a SORT (MOON) UTF-8 ALL", 8, "a sort key"),
    ("a SORT (DATE) UTF-8", 19, "a space"),
    ("a THREAD MAGIC UTF-8 ALL", 9, "ORDEREDSUBJECT"),
    ("a FETCH 1 BINARY[TEXT]", 17, "a part number or"),
    ("a FETCH 1 BINARY.SIZE[1]<0.1>", 24, "a space"),
    ("a STORE 1 (UNCHANGEDSINCE -1) FLAGS (x)", 26, "a mod-sequence"),
    ("a STORE 1 (UNCHANGED 1) FLAGS (x)", 11, "UNCHANGEDSINCE"),
    ("a SEARCH RETURN (FIRST) ALL", 17, "MIN, MAX"),
    ("a SEARCH RETURN (MIN)", 21, "a space"),
    ("a SEARCH MODSEQ \"/flags/\\\\draft\" mine 1", 33, "priv, shared or all"),
    ("a FETCH $,1 FLAGS", 9, "a space"),
]

@Test(arguments: refused.indices)
func saysWhereAndWhatWasExpected(index: Int) {
    let (text, offset, expected) = refused[index]
    do throws(IMAPSyntaxError) {
        let command = try parseCommand(Array(text.utf8))
        Issue.record("\(text) was read as \(command)")
    } catch {
        #expect(error.offset == offset && error.expected.contains(expected), "\(text): \(error)")
    }
}
