// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailTypes
import Testing

@Test(arguments: [
    ("INBOX", "INBOX"), ("", ""), ("a&b", "a&-b"), ("&", "&-"), ("Entwürfe", "Entw&APw-rfe"),
    ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"), ("😀", "&2D3eAA-"), ("é&è", "&AOk-&-&AOg-"),
    ("a\tb", "a&AAk-b"),
])
func writesAndReadsNames(text: String, wire: String) {
    #expect(String(decoding: ModifiedUTF7.encode(text), as: UTF8.self) == wire)
    #expect(ModifiedUTF7.decode(Array(wire.utf8)) == text)
}

@Test(arguments: [
    "&", "a&", "&AGE-", "&APw", "&AP-", "&A-", "&2D0-", "&3gA-", "&U/BTFw-", "&U,BTFw==-", "&APw-&APw-", "a\u{7F}",
    "\u{1}",
    "&!!!!-", "&AAAA", "ü",
])
func refusesNamesThatAreNotCanonical(wire: String) {
    #expect(ModifiedUTF7.decode(Array(wire.utf8)) == nil)
}

@Test
func everyCharacterSurvives() {
    var dice = Dice(state: 7)
    for _ in 0..<500 {
        let scalars = (0..<8).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &dice)) }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        #expect(ModifiedUTF7.decode(ModifiedUTF7.encode(text)) == text)
    }
}
