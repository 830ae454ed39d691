// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes
import Testing

@Test
func boundsDepthAndCount() {
    let deep = "a SEARCH " + String(repeating: "(", count: 60_000) + "ALL" + String(repeating: ")", count: 60_000)
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(deep.utf8)) }
    let nots = "a SEARCH " + String(repeating: "NOT ", count: 15_000) + "ALL"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(nots.utf8)) }
    let many = "a SEARCH" + String(repeating: " ALL", count: 2_000)
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(many.utf8)) }
    let parts = "a FETCH 1 BODY[" + Array(repeating: "1", count: 500).joined(separator: ".") + "]"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(parts.utf8)) }
    let tag = String(repeating: "x", count: 65) + " NOOP"
    #expect(throws: IMAPSyntaxError.self) { try parseCommand(Array(tag.utf8)) }
}

@Test
func readsExtendedList() throws {
    let text =
        "a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (INBOX \"Sent/%\") "
        + "RETURN (CHILDREN STATUS (MESSAGES SIZE) MYRIGHTS SPECIAL-USE)"
    let command = try #require(try parseCommand(Array(text.utf8)) as? ListCommand)
    #expect(command.selection == [.subscribed, .recursiveMatch])
    #expect(command.patterns == ["INBOX", "Sent/%"])
    #expect(command.returned == [.children, .specialUse, .myRights])
    #expect(command.statusItems == [.messages, .size])
    #expect(command.isExtended)
    let again = try parseCommand(frame(command.encoded(tag: "b")))
    #expect(command.equals(again))
}

@Test(arguments: [
    ("(METADATA (/shared/Comment \"/private/a b\") CHILDREN)", ["/shared/comment", "/private/a b"]),
    ("(STATUS (MESSAGES) METADATA /private/comment)", ["/private/comment"]), ("(CHILDREN)", []),
])
func readsAnnotationsOfList(options: String, names: [String]) throws {
    let text = Array("a LIST \"\" % RETURN \(options)".utf8)
    let command = try #require(try parseCommand(text) as? ListCommand)
    #expect(command.annotations == names)
    #expect(command.equals(try parseCommand(frame(command.encoded(tag: "b")))))
    for cut in text.indices { _ = try? parseCommand(Array(text[..<cut])) }
}

@Test(arguments: [
    ("a1 APPEND foo (\\Seen) {5}\r\n", true), ("a1 APPEND foo {5+}\r\n", true), ("a1 append {3}\r\nfoo {5}\r\n", true),
    ("a1 APPEND foo ~{5}\r\n", true), ("a1 APPEND foo~{5}\r\n", false), ("a1 REPLACE 4 foo {5}\r\n", true),
    ("a1 UID REPLACE 4 {3}\r\nfoo (\\Seen) UTF8 (~{5+}\r\n", true), ("a1 UID APPEND foo {5}\r\n", false),
    ("a1 APPEND {3}\r\n", false),
    ("a1 LOGIN {3}\r\n", false), ("a1 APPEND foo ({5}\r\n", false),
    ("a1 APPEND foo CATENATE (TEXT {5}\r\n", true), ("a1 APPEND foo CATENATE (URL {5}\r\n", false),
    ("a1 APPEND foo CATENATE (URL {1}\r\nx TEXT {5+}\r\n", true), ("a1 APPEND foo CATENATE ({5}\r\n", false),
    ("a1 APPEND foo CATENATE (URL x UTF8 (~{5}\r\n", true), ("a1 APPEND foo CATENATE (URL x) {5}\r\n", true),
    ("a1 APPEND foo CATENATE (URL x UTF8 ({5}\r\n", false), ("a1 REPLACE 4 foo CATENATE (TEXT {5}\r\n", true),
])
func knowsTheLiteralThatIsTheMessage(text: String, isMessage: Bool) {
    #expect((MessageCommandHead.read(Array(text.utf8)) != nil) == isMessage)
}

@Test
func takesEntryNamesOfModSeqSearches() throws {
    let text = "a SEARCH MODSEQ \"/flags/\\\\draft\" all 620162338"
    #expect(SearchCommand(.modSeq(ModSeq(620_162_338))).equals(try parseCommand(Array(text.utf8))))
}

@Test(arguments: [("a SELECT a&AOQ-", "a&AOQ-"), ("a SELECT \"Entwürfe\"", "Entwürfe"), ("a SELECT a&b", "a&b")])
func readsNamesInUTF8(text: String, name: String) throws {
    var scanner = WireScanner(Array(text.utf8), textForm: .utf8)
    let tag = try CommandHead.tag(parsing: &scanner)
    let head = try CommandHead(tag: tag, parsing: &scanner)
    #expect(try SelectCommand.parse(&scanner, isUID: head.isUID).mailbox == name)
}

@Test(arguments: [
    ("", false, false), (" {5}", false, true), (" (\\Seen) \"17-Jul-1996 02:44:25 -0700\" ~{5+}", false, true),
    (")", true, false),
    (") UTF8 (~{5}", true, true), (" CATENATE (URL x)", false, false), (" CATENATE (URL x TEXT {5}", false, true),
    (" CATENATE (URL x) (\\Seen) CATENATE (URL y) {5}", false, true), ("  {5}", false, true), (")  {5+}", true, true),
])
func readsWhatFollowsAMessage(line: String, isUTF8: Bool, isMore: Bool) throws {
    let literal = AppendLiteral(LiteralMarker(count: 1, isSynchronizing: true), isUTF8: isUTF8)
    #expect((try literal.following(in: Array(line.utf8)).literal != nil) == isMore)
}

private let five = AppendLiteral(LiteralMarker(count: 5, isSynchronizing: false), isPart: true)

@Test(arguments: [
    (")", false, AppendFragment()), ("))", true, AppendFragment()),
    (" TEXT {5+}", false, AppendFragment(parts: [.text(five)])),
    (" URL \"/a b\" URL {1}\r\nx)", false, AppendFragment(parts: [.url(Array("/a b".utf8)), .url(Array("x".utf8))])),
    (
        ") UTF8 (~{5+}", true,
        AppendFragment(parts: [
            .text(
                AppendLiteral(
                    LiteralMarker(count: 5, isSynchronizing: false, isBinary: true),
                    isUTF8: true,
                    isPart: true
                )
            )
        ])
    ),
    (
        ") {5+}", false,
        AppendFragment(messages: [AppendMessage(literal: LiteralMarker(count: 5, isSynchronizing: false))])
    ),
    (
        " URL a) CATENATE (URL b) CATENATE (URL c TEXT {5+}", false,
        AppendFragment(
            parts: [.url([0x61])],
            messages: [AppendMessage(parts: [.url([0x62])]), AppendMessage(parts: [.url([0x63]), .text(five)])]
        )
    ),
])
func readsWhatFollowsAPart(line: String, isUTF8: Bool, expected: AppendFragment) throws {
    let literal = AppendLiteral(LiteralMarker(count: 1, isSynchronizing: true), isUTF8: isUTF8, isPart: true)
    let octets = Array(line.utf8)
    #expect(try literal.following(in: octets) == expected)
    for cut in octets.indices { _ = try? literal.following(in: Array(octets[..<cut])) }
}

@Test(arguments: [
    "", " ", "x", " )", " TEXT x)", " URL )", " URL \"\")", " {5}", ") x", " TEXT {5} ", " URL a TEXT", ")) ",
])
func refusesWhatMayNotFollowAPart(line: String) {
    let literal = AppendLiteral(LiteralMarker(count: 1, isSynchronizing: true), isPart: true)
    #expect(throws: IMAPSyntaxError.self) { try literal.following(in: Array(line.utf8)) }
}

@Test(arguments: [
    ("x", false), ("{5}", false), (" x", false), ("   {5}", false), ("  ", false),
    (" {5} x", false), ("", true), (" {5}", true), (")x", true),
])
func refusesWhatMayNotFollowAMessage(line: String, isUTF8: Bool) {
    let literal = AppendLiteral(LiteralMarker(count: 1, isSynchronizing: true), isUTF8: isUTF8)
    #expect(throws: IMAPSyntaxError.self) { try literal.following(in: Array(line.utf8)) }
}
