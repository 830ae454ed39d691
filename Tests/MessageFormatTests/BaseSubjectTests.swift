// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

private let subjects: [(String, base: String, isReply: Bool)] = [
    ("", "", false), ("hello", "hello", false), ("  Hello   World ", "hello world", false),
    ("Re: hello", "hello", true),
    ("RE : hello", "hello", true), ("re [x]: hello", "hello", true), ("Fwd: Fw: hello", "hello", true),
    ("[list] hello", "hello", false), ("[a][b] hello", "hello", false), ("[a] Re: [b] hello", "hello", true),
    ("[list]", "[list]", false), ("hello (fwd)", "hello", true), ("hello (FWD)  (fwd) ", "hello", true),
    ("[Fwd: hello]", "hello", true), ("[fwd: [fwd: re: hello] (fwd)]", "hello", true), ("Re:", "", true),
    ("Regards", "regards", false), ("fwd hello", "fwd hello", false), ("[open hello", "[open hello", false),
    ("[a[b] hello", "[a[b] hello", false), ("=?UTF-8?Q?Re:_=C3=84pfel?=", "äpfel", true),
    ("Re: \u{1F600}", "\u{1F600}", true), ("[fwd:]", "", true), ("(fwd)", "", true), ("[ ] x", "x", false),
]

@Test(arguments: subjects.indices)
func findsBaseSubjects(index: Int) {
    let (text, base, isReply) = subjects[index]
    let found = BaseSubject(Array(text.utf8))
    #expect(String(decoding: found.text, as: UTF8.self) == base && found.isReply == isReply, "\(text)")
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
    #expect(older.encode().first == 1 && MessageSummary.decode(older.encode()) == older)
}
