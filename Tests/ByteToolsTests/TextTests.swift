// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:30:15.25Z", 951_827_415_250_000_000),
            ("2026-11-21T07:16:47.123456Z", 1_795_245_407_123_456_000),
            ("2026-11-21t08:16:47.123456+01:00", 1_795_245_407_123_456_000),
            ("2026-11-21 02:16:47.123456789-05:00", 1_795_245_407_123_456_789),
            ("2026-11-21", 1_795_219_200_000_000_000),
            ("2026-11-21T00:00Z", 1_795_219_200_000_000_000),
            ("2261-12-31T23:59:59Z", 9_214_646_399_000_000_000),
        ] as [(String, Int64)]
    )
    func `Moments are read`(text: String, nanoseconds: Int64) {
        #expect(Timestamp.parse(text) == nanoseconds)
        #expect(Timestamp.parse(Timestamp.text(nanoseconds: nanoseconds, fractionDigits: 9)) == nanoseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-13-01", "2026-02-29", "2100-02-29", "2026-00-10", "2026-11-21T", "2026-11-21T07:16:47",
        "2026-11-21T24:00:00Z", "2026-11-21T07:60:00Z", "2026-11-21T07:16:47.Z", "2026-11-21T07:16:47ZZ",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "2262-01-01", "9999-12-31", "2026-1-1", "２026-11-21",
        "2026-11-21T07:16:47+25:00", "+026-11-21",
    ])
    func `What is no moment is refused`(text: String) {
        #expect(Timestamp.parse(text) == nil)
    }

    @Test func `The text has as many digits as asked for, before 1970 too`() {
        #expect(Timestamp.text(nanoseconds: 1_795_245_407_123_456_789) == "2026-11-21T07:16:47.123456Z")
        #expect(Timestamp.text(nanoseconds: 1_795_245_407_123_456_789, fractionDigits: 0) == "2026-11-21T07:16:47Z")
        #expect(Timestamp.text(nanoseconds: -1) == "1969-12-31T23:59:59.999999Z")
        #expect(Timestamp.text(nanoseconds: .min, fractionDigits: 0) == "1677-09-21T00:12:43Z")
        #expect(Timestamp.text(nanoseconds: .max, fractionDigits: 0) == "2262-04-11T23:47:16Z")
    }
}

@Suite struct NearestNameTests {
    @Test(
        arguments: [
            ("restrat", "restart"), ("RESTART", "restart"), ("lst", "list"), ("lsit", "list"), ("stop", "stop"),
            ("xyzzy", nil), ("", nil),
        ] as [(String, String?)]
    )
    func `The nearest name is found when one is near`(name: String, nearest: String?) {
        #expect(NearestName.of(name, among: ["list", "restart", "status", "stop"]) == nearest)
    }

    @Test func `Very long names are not compared`() {
        #expect(NearestName.of(String(repeating: "a", count: 100_000), among: ["a"]) == nil)
    }
}

@Suite struct PrintableTextTests {
    @Test(arguments: [
        ("plain é 漢", "plain é 漢"), ("a\nb\r\tc", "a\\nb\\r\\tc"), ("\u{1B}[2J", "\\u{1B}[2J"), ("\u{85}", "\\u{85}"),
        ("\u{202E}gpj.exe", "\\u{202E}gpj.exe"), ("a\u{200B}b", "a\\u{200B}b"), ("%s%n", "%s%n"),
    ])
    func `Foreign text cannot steer a terminal`(text: String, shown: String) {
        #expect(PrintableText.escaped(text) == shown)
    }
}
