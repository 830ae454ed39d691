// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite("i;unicode-casemap (RFC 5051)")
struct CollationTests {
    private static func scalars(_ text: String) -> [UInt32] {
        String(decoding: UnicodeCasemap.map(text), as: UTF8.self).unicodeScalars.map(\.value)
    }

    @Test(
        "Titlecase, then decomposition of any kind to its end",
        arguments: [
            // The RFC's own example: the second letter stays small.
            ("\u{1C4}", [0x44, 0x7A, 0x30C]), ("\u{1C5}", [0x44, 0x7A, 0x30C]), ("\u{1C6}", [0x44, 0x7A, 0x30C]),
            ("aZ[_~", [0x41, 0x5A, 0x5B, 0x5F, 0x7E]), ("é", [0x45, 0x301]), ("e\u{301}", [0x45, 0x301]),
            ("ß", [0xDF]), ("ẞ", [0x1E9E]), ("ÿ", [0x59, 0x308]), ("ı", [0x49]), ("İ", [0x49, 0x307]), ("ſ", [0x53]),
            ("\u{212A}", [0x4B]), ("ª", [0x61]), ("ﬁ", [0x66, 0x69]), ("Ａ", [0x41]), ("ａ", [0x41]), ("①", [0x31]),
            ("ς", [0x3A3]), ("ΐ", [0x3B9, 0x308, 0x301]), ("ᾳ", [0x391, 0x345]), ("ж", [0x416]), ("й", [0x418, 0x306]),
            ("ა", [0x10D0]), ("ǅ", [0x44, 0x7A, 0x30C]), ("ｶﾞ", [0x30AB, 0x3099]), ("가", [0x1100, 0x1161]),
            ("각", [0x1100, 0x1161, 0x11A8]), ("\u{FB2C}", [0x5E9, 0x5BC, 0x5C1]), ("\u{1D15E}", [0x1D157, 0x1D165]),
            ("日", [0x65E5]), ("\u{2F800}", [0x4E3D]), ("𐐨", [0x10400]), ("\u{1F600}", [0x1F600]),
            ("\u{10FFFF}", [0x10FFFF]), ("", []),
        ] as [(String, [UInt32])]
    )
    func mapping(_ text: String, _ expected: [UInt32]) {
        #expect(Self.scalars(text) == expected)
    }

    @Test("Of every character: something, not much, and the same as of its titlecase")
    func everyCharacter() {
        let all = (0...0x2_0000).compactMap { Unicode.Scalar(UInt32($0)) }
        var wrong: [Unicode.Scalar] = []
        for scalar in all {
            let mapped = Self.scalars(String(scalar))
            if mapped.isEmpty || mapped.count > 18 { wrong.append(scalar) }
            // Mappings to more than one character are not in UnicodeData.txt; characters of later versions of Unicode are
            // unknown to the library.
            let title = scalar.properties.titlecaseMapping
            guard title.unicodeScalars.count == 1, title != String(scalar),
                let age = title.unicodeScalars.first?.properties.age, (age.major, age.minor) <= (14, 0)
            else { continue }
            if Self.scalars(title) != mapped { wrong.append(scalar) }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(20))")
    }

    @Test("Canonically equivalent characters are the same")
    func equivalence() {
        // Swift compares texts by canonical equivalence.
        for (composed, decomposed) in [
            ("ộ", "o\u{323}\u{302}"), ("Å", "\u{212B}"), ("Ω", "\u{2126}"), ("각", "가\u{11A8}"),
        ] {
            #expect(composed == decomposed)
            #expect(UnicodeCasemap.map(composed) == UnicodeCasemap.map(decomposed))
        }
    }

    @Test("The order of RFC 5255 §4.6")
    func order() {
        let values = [
            "=?utf-8?b?0MDQvdC00YDQtdC5?=", "=?utf-8?b?0YHQldCg0JPQldCZ?=", "=?utf-8?b?0JLQsNGB0LjQu9C4/7k=?=",
            "=?koi8-r?b?4czFy9PFyg==?=",
        ]
        let keys = values.map { CollationKey(EncodedWord.read(octets($0))) }
        #expect(keys.indices.sorted { keys[$0] < keys[$1] } == [3, 1, 2, 0])
    }
}
