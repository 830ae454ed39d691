// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Runtime
import Testing

@testable import ProtocolTrace

@Suite struct TracePageTests {
    private let folder = TraceFolder("/tmp/martlet-trace-\(Hex.encode(secureRandom(8)))")

    init() { #expect(unsafe mkdir(folder.path, 0o700) == 0) }

    private func append(_ process: String, _ text: String) {
        let fd = unsafe open("\(folder.path)/t1.\(process).log", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        #expect(unsafe write(fd, text, text.utf8.count) == text.utf8.count)
        close(fd)
    }

    private func line(_ moment: Int, _ text: String) -> String {
        let digits = String(1_000_000 + moment).dropFirst()
        return "2026-01-01T00:00:00.\(digits)Z \(text)\n"
    }

    /// All pages, and how many there are.
    private func read(maximum: Int, from start: TraceCursor = TraceCursor()) throws -> (text: String, pages: Int) {
        var (text, pages, cursor) = ("", 0, start)
        while true {
            let page = folder.page(of: "t1", after: cursor, maximum: maximum)
            guard !page.octets.isEmpty else { return (text, pages) }
            text += String(decoding: page.octets, as: UTF8.self)
            pages += 1
            // As it goes over the wire.
            cursor = try #require(TraceCursor(page.next.description))
        }
    }

    @Test(arguments: [300, 5000, 64 << 10, 1 << 20])
    func `Pages together are what the processes wrote, in the order of time`(maximum: Int) throws {
        var expected = ""
        var texts = ["", "", ""]
        for number in 0..<6000 {
            let line = line(number, "line \(number) \(String(repeating: "x", count: number % 97))")
            expected += line
            texts[number * 7 % 3] += line
        }
        for (index, text) in texts.enumerated() { append("transport-\(index)", text) }
        append("imap-1", "\n\n")
        let found = try read(maximum: maximum)
        #expect(found.text == expected)
        #expect(found.pages > 1 || maximum > expected.utf8.count)
        folder.remove("t1")
    }

    @Test func `Lines of one time stay in their order, those of one page are sorted`() throws {
        append("a", line(5, "five") + line(1, "one") + line(1, "second") + line(9, "nine"))
        append("b", line(1, "other"))
        let expected = [line(1, "other"), line(1, "one"), line(1, "second"), line(5, "five"), line(9, "nine")]
        #expect(try read(maximum: 1 << 20).text.split(separator: "\n").count == expected.count)
        #expect(try read(maximum: 1 << 20).text == expected.joined())
        folder.remove("t1")
    }

    @Test func `What comes later is read later, and only when it is whole`() throws {
        append("a", line(1, "one") + "2026-01-01T00:00:00.000002Z tw")
        let first = folder.page(of: "t1", after: TraceCursor(), maximum: 1000)
        #expect(String(decoding: first.octets, as: UTF8.self) == line(1, "one"))
        #expect(folder.page(of: "t1", after: first.next, maximum: 1000).octets.isEmpty)
        append("a", "o\n")
        append("b", line(3, "three"))
        #expect(try read(maximum: 1000, from: first.next).text == line(2, "two") + line(3, "three"))
        folder.remove("t1")
    }

    @Test func `A line without end is cut`() throws {
        append("a", String(repeating: "x", count: (1 << 20) + 10) + "\n")
        let lines = try read(maximum: 1000).text.split(separator: "\n").map(\.utf8.count)
        #expect(lines == [1 << 20, 10])
        folder.remove("t1")
    }

    @Test(arguments: ["a", "a=", "a=-1", "=5", "a=1=2", "a=1,b", "a=99999999999999999999", "a=x"])
    func `Other texts are no cursor`(text: String) { #expect(TraceCursor(text) == nil) }

    @Test func `An offset behind the end is the end`() throws {
        append("a", line(1, "one"))
        let cursor = try #require(TraceCursor("a.log=\(Int64.max)"))
        #expect(folder.page(of: "t1", after: cursor, maximum: 10).octets.isEmpty)
        folder.remove("t1")
    }
}
