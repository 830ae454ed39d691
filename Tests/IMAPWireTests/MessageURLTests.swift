// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes
import Testing

private func url(_ text: String) -> MessageURL? { MessageURL(Array(text.utf8)) }

@Test(arguments: [
    ("/INBOX/;UID=20", MessageURL(.named("INBOX"), UID(20))),
    (
        "/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
        MessageURL(
            .named("Drafts"),
            uidValidity: UIDValidity(385_759_045),
            UID(20),
            section: SectionSpecifier(text: .header)
        )
    ),
    (
        "/a/b%20c/;uid=1/;Section=1.2.MIME/;PARTIAL=5.7",
        MessageURL(
            .named("a/b c"),
            UID(1),
            section: SectionSpecifier(part: [1, 2], text: .mime),
            partial: Partial(offset: 5, count: 7)
        )
    ),
    (
        "/Entw%C3%BCrfe/;UID=4294967295/;SECTION=HEADER.FIELDS%20(TO%20%22a%20b%22)",
        MessageURL(
            .named("Entwürfe"),
            UID(.max),
            section: SectionSpecifier(text: .headerFields([Array("TO".utf8), Array("a b".utf8)]))
        )
    ),
    ("b/;UID=9/;PARTIAL=3", MessageURL(.beside("b"), UID(9), partial: Partial(offset: 3, count: .max))),
    (";UID=9/;SECTION=2", MessageURL(.selected, UID(9), section: SectionSpecifier(part: [2]))),
])
func readsURLs(text: String, expected: MessageURL) {
    #expect(url(text) == expected)
    let octets = Array(text.utf8)
    for cut in octets.indices { _ = MessageURL(Array(octets[..<cut])) }
    for place in octets.indices {
        for octet: UInt8 in [0, 32, 37, 47, 48, 59, 61, 93, 128, 255] {
            var changed = octets
            changed[place] = octet
            _ = MessageURL(changed)
        }
    }
}

@Test(arguments: [
    "", "/", "/INBOX", "/INBOX/", "/;UID=1", "/INBOX;UID=1", "/INBOX/;UID=0", "/INBOX/;UID=", "/INBOX/;UID=4294967296",
    "imap://u@h/INBOX/;UID=1", "//h/INBOX/;UID=1", "/INBOX?ALL", "/INBOX/;UID=1?x", "/INBOX/;UID=1#x", "/a/../b/;UID=1",
    "/./a/;UID=1", "/a//b/;UID=1", "/a%2/;UID=1", "/a%zz/;UID=1", "/%ff/;UID=1", "/a b/;UID=1", "/a;x=1/;UID=1",
    "/a;UIDVALIDITY=0/;UID=1", "/a;UIDVALIDITY=x/;UID=1", "/a/;UID=1/;SECTION=", "/a/;UID=1/;SECTION=0",
    "/a/;UID=1/;SECTION=1%5D%5B", "/a/;UID=1/;SECTION=FOO", "/a/;UID=1/;PARTIAL=", "/a/;UID=1/;PARTIAL=1.0",
    "/a/;UID=1/;PARTIAL=1.2.3", "/a/;UID=1;URLAUTH=anonymous", "/a/;UID=1/;SECTION=1;URLAUTH=anonymous",
])
func refusesOtherURLs(text: String) { #expect(url(text) == nil) }
