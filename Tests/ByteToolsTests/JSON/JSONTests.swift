// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Testing

@Suite struct JSONTests {
    @Test(
        arguments: [
            ("null", JSONValue.null),
            (" \r\n\ttrue ", true),
            ("-12", -12),
            ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .number(9_223_372_036_854_775_808)),
            ("1.5e2", .number(150)),
            ("0", 0),
            ("-0", 0),
            ("\"\"", ""),
            ("\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "a\"\\/\u{8}\u{c}\n\r\té"),
            ("\"\\ud83d\\ude00\"", "😀"),
            ("\"\\u0000\"", "\0"),
            ("[]", []),
            ("[1,[2],{}]", [1, [2], [:]]),
            ("{\"b\":1,\"a\":{\"c\":null}}", ["b": 1, "a": ["c": .null]]),
        ] as [(String, JSONValue)]
    )
    func `Texts are read`(text: String, value: JSONValue) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)) == value)
        #expect(try JSONValue(parsing: value.encoded) == value)
        #expect(try JSONValue(parsing: Array(value.indented.utf8)) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "tru", "+1", "01", "1.", ".5", "1e", "1e+", "--1", "1e999", "-", "\"", "\"\\",
        "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\n\"", "[", "[1", "[1,", "[1,]", "[,1]",
        "]",
        "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,}", "{a:1}", "{\"a\":1,\"a\":2}", "1 2", "[1}", "'a'",
        "\u{FEFF}1",
        "NaN", "Infinity",
    ])
    func `What is no JSON text is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test(arguments: [
        [UInt8](repeating: 0x5B, count: 200_000),
        Array("\"".utf8) + [0xFF] + Array("\"".utf8),
        Array("\"".utf8) + [0xC0, 0x80] + Array("\"".utf8),
        Array("\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"".utf8),
        [UInt8](repeating: 0x20, count: 2 << 20),
        Array("[".utf8) + [UInt8]((0..<120_000).flatMap { _ in Array("1,".utf8) }) + Array("1]".utf8),
    ])
    func `Depth, size, count and encoding are bounded`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func `Every prefix and every flipped octet of a text is answered`() {
        let text = Array("{\"a\":[1,-2.5e3,true,null,\"x\\u00e9\\ud83d\\ude00\"],\"b\":{\"c\":\"\"}}".utf8)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.prefix(count))) }
        }
        for index in text.indices {
            for octet in stride(from: UInt8(index & 3), to: 252, by: 4) {
                var damaged = text
                damaged[index] = octet
                if let value = try? JSONValue(parsing: damaged) {
                    #expect((try? JSONValue(parsing: value.encoded)) == value)
                }
            }
        }
    }

    @Test func `No control character leaves the encoder`() {
        let all = String(String.UnicodeScalarView((0..<0x250).compactMap(Unicode.Scalar.init)))
        let encoded = JSONValue.string(all).encoded
        let shown = String(decoding: encoded, as: UTF8.self).unicodeScalars
        #expect(shown.allSatisfy { !(0x7F..<0xA0).contains($0.value) && $0.value >= 0x20 })
        #expect((try? JSONValue(parsing: encoded)) == .string(all))
        #expect(JSONValue.number(.nan).encoded == Array("null".utf8))
    }

    @Test func `The indented form is for people`() {
        let value: JSONValue = ["a": [1, 2], "b": [:], "c": []]
        #expect(value.indented == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}")
    }
}
