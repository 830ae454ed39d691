// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Settings
internal import Testing

@Suite struct SettingsDocumentTests {
    @Test(
        arguments: [
            ("imap/a = 16", [("imap/a", "16")]),
            ("  imap/a=16  \r\n", [("imap/a", "16")]),
            ("a/b = 1 # note\na/c = x#y\n", [("a/b", "1"), ("a/c", "x#y")]),
            ("a/b = \"  two # \\\"words\\\\\"  # note", [("a/b", "  two # \"words\\")]),
            ("a/b = ", [("a/b", "")]),
            ("a/b = # only a note", [("a/b", "")]),
            ("a/b = \"\"", [("a/b", "")]),
            ("a/b = p = q", [("a/b", "p = q")]),
            ("\u{FEFF}a/b = grün\n", [("a/b", "grün")]),
            ("# a/b = 1\n\n   \n", []),
        ] as [(String, [(String, String)])]
    )
    func `Assignments are read`(text: String, expected: [(String, String)]) {
        let document = SettingsDocument(Array(text.utf8))
        #expect(document.assignments.map { [$0.key, $0.value] } == expected.map { [$0.0, $0.1] })
        #expect(document.faults == [])
        #expect(document.bytes == Array(text.utf8))
    }

    @Test(arguments: [
        ("a/b", "not of the form \"path = value\""),
        ("= 1", "the part before \"=\" is not a path"),
        ("a b = 1", "the part before \"=\" is not a path"),
        ("a/b = \"x", "the closing quotation mark is missing"),
        ("a/b = \"x\\", "the closing quotation mark is missing"),
        ("a/b = \"x\" y", "there is something after the closing quotation mark"),
        ("a/b = \u{1}", "holds a control character"),
        ("a/b = " + String(repeating: "x", count: 9000), "longer than 8192 octets"),
    ])
    func `A fault has its line and its reason`(text: String, reason: String) {
        let document = SettingsDocument(Array("# first\n\(text)\n".utf8))
        #expect(document.faults == [.init(line: 2, reason: reason)])
        #expect(document.assignments == [])
    }

    @Test func `Octets that are not UTF-8 are a fault`() {
        #expect(SettingsDocument(Array("a/b = ".utf8) + [0xFF, 0xFE]).faults == [.init(line: 1, reason: "not UTF-8")])
    }

    @Test(arguments: [
        ("# why\na/b = 1  # note\nc/d = 2\n", "a/b", "30", "# why\na/b = 30  # note\nc/d = 2\n"),
        ("a/b = 1\n\nc/d = 2", "a/e", "x", "a/b = 1\na/e = x\n\nc/d = 2"),
        ("a/b = 1\nc/d = 2", "e/f", "x", "a/b = 1\nc/d = 2\ne/f = x\n"),
        ("a/b = 1\r\n", "e/f", "x", "a/b = 1\r\ne/f = x\r\n"),
        ("a/b = 1\na/b = 2\n", "a/b", "3", "a/b = 1\na/b = 3\n"),
        ("a/b =\n", "a/b", "3", "a/b = 3\n"),
        ("", "a/b", " x # y", "a/b = \" x # y\"\n"),
        ("a/b = \"q\" # n\n", "a/b", "\"", "a/b = \"\\\"\" # n\n"),
        ("  a/b\t=\t1\t\n", "a/b", "2", "  a/b\t=\t2\t\n"),
    ])
    func `An edit touches only its value`(before: String, key: String, value: String, after: String) {
        var document = SettingsDocument(Array(before.utf8))
        document.set(key, to: value) { $0 == key }
        #expect(String(decoding: document.bytes, as: UTF8.self) == after)
    }

    @Test func `Unset removes every line of the key and no other`() {
        var document = SettingsDocument(Array("# c\na/b = 1\na/c = 1\na/b = 2\n".utf8))
        #expect(document.unset { $0 == "a/b" })
        #expect(String(decoding: document.bytes, as: UTF8.self) == "# c\na/c = 1\n")
        #expect(!document.unset { $0 == "a/b" })
    }

    @Test(arguments: 0..<40)
    func `Random edits keep all other lines byte for byte and read back`(seed: Int) {
        var random = SplitMix(state: UInt64(seed))
        let alphabet = Array("ab/= \t#\"\\\r\n\u{1}é".utf8)
        let noise = (0..<Int.random(in: 0...300, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0
        }
        var document = SettingsDocument(noise)
        #expect(document.bytes == noise)
        for _ in 0..<20 {
            let key = "k\(Int.random(in: 0..<4, using: &random))/v"
            let value = String(
                decoding: (0..<Int.random(in: 0...12, using: &random)).map { _ in
                    Array("a #\"\\=\t".utf8).randomElement(using: &random) ?? 0
                },
                as: UTF8.self
            )
            let others = lines(of: document, without: key)
            document.set(key, to: value) { $0 == key }
            #expect(document.assignments.last { $0.key == key }?.value == value)
            #expect(lines(of: document, without: key) == others)
            #expect(SettingsDocument(document.bytes) == document)
            if Bool.random(using: &random) {
                _ = document.unset { $0 == key }
                #expect(!document.assignments.contains { $0.key == key })
                #expect(lines(of: document, without: key) == others)
            }
        }
    }

    /// Without the CR of line ends: a last line without end gets one when a line is added after it.
    private func lines(of document: SettingsDocument, without key: String) -> [[UInt8]] {
        document.bytes.split(separator: 0x0A)
            .map { line in Array(line.reversed().drop { $0 == 0x0D }.reversed()) }
            .filter { !$0.isEmpty && SettingsDocument($0).assignments.first?.key != key }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
