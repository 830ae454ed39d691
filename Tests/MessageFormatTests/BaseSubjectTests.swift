// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

private let subjects: [(String, base: String, isReply: Bool)] = [
    ("", "", false), ("hello", "HELLO", false), ("  Hello   World ", "HELLO WORLD", false),
    ("Re: hello", "HELLO", true),
    ("RE : hello", "HELLO", true), ("re [x]: hello", "HELLO", true), ("Fwd: Fw: hello", "HELLO", true),
    ("[list] hello", "HELLO", false), ("[a][b] hello", "HELLO", false), ("[a] Re: [b] hello", "HELLO", true),
    ("[list]", "[LIST]", false), ("hello (fwd)", "HELLO", true), ("hello (FWD)  (fwd) ", "HELLO", true),
    ("[Fwd: hello]", "HELLO", true), ("[fwd: [fwd: re: hello] (fwd)]", "HELLO", true), ("Re:", "", true),
    ("Regards", "REGARDS", false), ("fwd hello", "FWD HELLO", false), ("[open hello", "[OPEN HELLO", false),
    ("[a[b] hello", "[A[B] HELLO", false), ("=?UTF-8?Q?Re:_=C3=84pfel?=", "A\u{308}PFEL", true),
    ("Re: \u{1F600}", "\u{1F600}", true), ("[fwd:]", "", true), ("(fwd)", "", true), ("[ ] x", "X", false),
    // The marks are looked for before anything is mapped (RFC 5255 §4.2): these are none.
    ("\u{FF32}\u{FF25}: x", "RE: X", false), ("\u{24C7}e: x", "RE: X", false),
]

@Test(arguments: subjects.indices)
func findsBaseSubjects(index: Int) {
    let (text, base, isReply) = subjects[index]
    let found = BaseSubject(Array(text.utf8))
    #expect(found.key.octets == Array(base.utf8) && found.isReply == isReply, "\(text)")
}

@Test("What is in no charset keeps its octets, loses its marks, and is the same as nothing else")
func findsBaseSubjectsOfOctets() {
    let broken = BaseSubject(octets("Re: =?utf-8?q?A=FF?="))
    #expect(broken.key.octets == [0xFF, 0x41, 0xFF] && broken.isReply)
    #expect(broken.key == BaseSubject(octets("=?utf-8?q?A=FF?=")).key)
    #expect(broken.key != BaseSubject(octets("=?utf-8?q?a=FF?=")).key)
    #expect(broken.key > BaseSubject(octets("\u{10FFFD}")).key)
    #expect(BaseSubject(octets("=?x-none?q?abc?=")).key.octets == [0xFF] + octets("abc"))
    #expect(BaseSubject(octets("=?x-none?q?Re:?=")).key.isEmpty)
}

@Test("A subject of ASCII is the same as one that had to be decoded")
func findsBaseSubjectsOfPlainText() {
    let pieces = [
        "re", "RE:", "Re", "fwd", "Fw: ", "(fwd)", "[fwd:", "[", "]", "[a]", ":", " ", "\t", "  ", "x", "hello", "=",
    ]
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<3000 {
        let count = Int.random(in: 1..<9, using: &generator)
        let text = (0..<count).map { _ in pieces.randomElement(using: &generator) ?? "" }.joined()
        let encoded = "=?us-ascii?q?" + text.utf8.map { "=" + hexadecimal($0) }.joined() + "?="
        #expect(BaseSubject(octets(text)) == BaseSubject(octets(encoded)), "\(text)")
        #expect(CollationKey(field: octets(text)) == CollationKey(field: octets(encoded)), "\(text)")
    }
}

private func hexadecimal(_ octet: UInt8) -> String {
    let digits = String(octet, radix: 16, uppercase: true)
    return digits.count < 2 ? "0" + digits : digits
}

@Test
func findsBaseSubjectsInTimeThatGrowsWithThem() {
    for piece in ["Re: ", "[a]", "[fwd:", "(fwd)", "[", "re[x]", " "] {
        _ = BaseSubject(Array(String(repeating: piece, count: 20_000).utf8))
    }
}

private let idLists: [(String, [String])] = [
    ("", []), ("<a@b>", ["a@b"]), ("<a@b> <c@d>", ["a@b", "c@d"]), ("x <a@b>, (comment) <c@d> y", ["a@b", "c@d"]),
    ("<a@\r\n b>", ["a@b"]), ("<\"a\\\"b\"@c>", ["a\"b@c"]), ("<>", []), ("<a", []), ("a>", []), ("<<a@b>>", ["a@b"]),
    ("<plain>", ["plain"]), ("<\"\"@x>", ["@x"]),
]

@Test(arguments: idLists.indices)
func findsMessageIDs(index: Int) {
    let found = MessageIDs.list(in: Array(idLists[index].0.utf8)).map { String(decoding: $0, as: UTF8.self) }
    #expect(found == idLists[index].1)
}

@Test
func keepsReferencesBesideAMessage() {
    let few = MessageStructure(parsing: Array("References: <a@b>\r\n <c@d>\r\n\r\n".utf8))
    #expect(few.references.map { String(decoding: $0, as: UTF8.self) } == "<a@b> <c@d>")
    #expect(MessageStructure(parsing: Array("A: b\r\n\r\n".utf8)).references == [])
    let many = (1...100).map { "<\($0)@x>" }.joined(separator: " ")
    let summary = MessageSummary(parsing: Array("References: \(many)\r\n\r\n".utf8))
    let kept = MessageIDs.list(in: summary.structure.references ?? [])
    #expect(kept.count == 32 && kept.first == Array("1@x".utf8) && kept.last == Array("100@x".utf8))
    #expect(MessageSummary.decode(summary.encode()) == summary)
    // As an earlier release wrote it.
    var older = summary
    older.structure.references = nil
    older.structure.hasEightBitHeader = nil
    #expect(older.encode().first == 1 && MessageSummary.decode(older.encode()) == older)
}
