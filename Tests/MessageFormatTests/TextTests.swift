// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MessageFormat
import Testing

@Suite struct TextTests {
    @Test(arguments: [
        ("plain", "plain"),
        ("=?utf-8?Q?J=C3=B6rg?=", "Jörg"),
        ("=?UTF-8?b?SsO2cmc=?= x", "Jörg x"),
        ("=?utf-8?q?a_b?=\t =?utf-8?q?c?=", "a bc"),
        ("=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        ("=?iso-8859-1?q?=E9?= =?iso-8859-2?q?=B1?=", "éą"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?ISO-2022-JP?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("=?utf-8*en?q?x?=", "x"),
        ("a=?utf-8?q?b?=c", "abc"),
        ("=?utf-8?x?b?=", "=?utf-8?x?b?="),
        ("=?utf-8?q?b", "=?utf-8?q?b"),
        ("=?", "=?"),
        ("=??q?a?=", "=??q?a?="),
        ("=?nonsense?q?=41?=", "A"),
        ("=?utf-8//IGNORE?q?=41?=", "A"),
        ("raw ü", "raw ü"),
    ])
    func encodedWords(_ value: String, _ expected: String) {
        #expect(EncodedWord.decode(octets(value)) == expected)
    }

    @Test func rawOctetsThatAreNotUTF8AreWindows1252() {
        #expect(EncodedWord.decode([0x63, 0x61, 0x66, 0xE9, 0x80]) == "café€")
    }

    @Test(
        "What is UTF-8 among them is read as that",
        arguments: [
            ([0xE9, 0xC3, 0xA9, 0xE9], "ééé"), ([0xE2, 0xE2, 0x82, 0xAC], "â€"), ([0xE2, 0x82], "â\u{201A}"),
            ([0xC0, 0xAF, 0xF0, 0x9F, 0x98, 0x80], "À¯\u{1F600}"), ([0xED, 0xA0, 0x80], "í\u{A0}€"),
            ([0xF5, 0x41, 0xFF], "õAÿ"),
        ] as [([UInt8], String)]
    )
    func mixedOctets(_ octets: [UInt8], _ expected: String) {
        #expect(EncodedWord.decode(octets) == expected)
    }

    @Test(
        "It is known what could be read as it said",
        arguments: [
            ("plain", true), ("raw ü", true), ("=?utf-8?q?=C3=BC?=", true), ("=?utf-8?q?=FC?=", false),
            ("=?iso-8859-1?q?=FC?=", true), ("=?x-unknown?q?a?=", false), ("=?koi8-r?B?8NLJ18XU?=", true),
            ("=?iso-2022-jp?q?a=FF?=", false), ("=?gb2312?q?=C3=BC=FF?=", false), ("a =?utf-8?q?=FC?= b", false),
        ]
    )
    func readable(_ value: String, _ expected: Bool) {
        let read = EncodedWord.read(octets(value))
        #expect(read.isReadable == expected)
        #expect(read.text == EncodedWord.decode(octets(value)))
    }

    @Test func octetsBehindTheText() {
        let read = EncodedWord.read(octets("a =?utf-8?q?=FC?= =?koi8-r?q?=F0?= b"))
        #expect(read.octets == [0x61, 0x20, 0xFC, 0xF0, 0x20, 0x62])
        #expect(read.text == "a üП b")
    }

    @Test("UTF-8 that says it is something else is found all the same")
    func mislabelled() {
        #expect(Charset.text(octets("日本語"), charset: octets("us-ascii")) == "日本語")
        #expect(Charset.text(octets("naïve, 日本"), charset: octets("iso-2022-jp")) == "naïve, 日本")
    }

    @Test(arguments: [
        ("text/plain; name=a", "name", "a"),
        ("x/y; name*0=a; name*1=b", "name", "ab"),
        ("x/y; name*1=b; name*0=\"a \"", "name", "a b"),
        ("x/y; name*0*=utf-8'en'%C3%BC; name*1*=%C3%A9; name*2=\"%41\"", "name", "üé%41"),
        ("x/y; name*=iso-8859-1''%E9t%E9", "name", "été"),
        ("x/y; name*=%E9", "name", "é"),
        ("x/y; name=\"=?utf-8?q?=C3=BC?=\"", "name", "ü"),
        ("x/y; name*0=a; name*2=c", "name", "a"),
        ("x/y; name=my file (1).pdf; q=1", "name", "my file"),
        ("x/y; name=a=b/c?d", "name", "a=b/c?d"),
        ("x/y; name=\"a", "name", "a"),
        ("x/y;;; ; name = a ;", "name", "a"),
        ("x/y; name*99999=a", "name", nil),
        ("x/y; name", "name", nil),
    ])
    func parameters(_ value: String, _ name: String, _ expected: String?) {
        #expect(MediaType(parsing: octets(value)).parameters.text(of: name) == expected)
    }

    @Test(arguments: [
        ("SGVsbG8=", "Hello"), ("SGVs\r\nbG8=\r\n", "Hello"), ("SGVsbG8", "Hello"), ("SGVsbG8", "Hello"),
        ("SGk=SGk=", "HiHi"), ("*S#G$k=", "Hi"), ("", ""), ("=", ""), ("A", ""), ("====", ""),
    ])
    func base64(_ value: String, _ expected: String) {
        #expect(Base64Decoder.decode(octets(value)) == octets(expected))
        var decoder = Base64Decoder()
        var output: [UInt8] = []
        for octet in octets(value) { decoder.decode([octet], into: &output) }
        decoder.finish(into: &output)
        #expect(output == octets(expected))
    }

    @Test(arguments: [
        ("a=20b", "a b"), ("a=\r\nb", "ab"), ("a=\nb", "ab"), ("a= \t\r\nb", "ab"), ("a  \r\nb", "a\r\nb"),
        ("a=3db", "a=b"),
        ("a=ZZb", "a=ZZb"), ("a=", "a"), ("a=4", "a=4"), ("a==41", "a=A"), ("a = b", "a = b"), ("x  ", "x"),
        ("a\rb", "a\rb"), ("=\r\n", ""), ("=0D=0A", "\r\n"),
    ])
    func quotedPrintable(_ value: String, _ expected: String) {
        #expect(QuotedPrintableDecoder.decode(octets(value)) == octets(expected))
        var decoder = QuotedPrintableDecoder()
        var output: [UInt8] = []
        for octet in octets(value) { decoder.decode([octet], into: &output) }
        decoder.finish(into: &output)
        #expect(output == octets(expected))
    }

    @Test func charsets() {
        #expect(Charset.text([0x83, 0x65], charset: octets("Shift_JIS")) == "テ")
        #expect(Charset.text([0x41, 0xFF, 0x42], charset: octets("iso-2022-jp")).hasPrefix("A\u{FFFD}"))
        #expect(Charset.text([0x41], charset: octets("")) == "A")
        #expect(Charset.text([0x41], charset: octets("x-unknown")) == "A")
        #expect(Charset.text([0x41, 0x00], charset: octets("utf-16be")) == "䄀")
        #expect(Charset.text([0x41], charset: octets("utf-16be")) == "\u{FFFD}")
    }
}
