// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Runtime
import Testing

@testable import ProtocolTrace

@Suite struct TraceTests {
    private static func folder() -> TraceFolder { TraceFolder("/tmp/martlet-trace-\(Hex.encode(secureRandom(8)))") }

    private static func definition(
        _ id: String,
        _ subject: String,
        _ directions: Set<TraceDirection> = Set(TraceDirection.allCases),
        seconds: Int64 = 60,
        octets: Int64 = 1 << 20,
        content: Bool = false
    ) throws -> TraceDefinition {
        let now = WallClock.nanoseconds / 1000 * 1000
        return TraceDefinition(
            id: id,
            subject: try #require(TraceDefinition.Subject(subject)),
            directions: directions,
            started: now,
            until: now + seconds * 1_000_000_000,
            maximumOctets: octets,
            showsContent: content,
            startedBy: "root (uid 0)"
        )
    }

    private static let peer = SocketAddress(host: "192.0.2.7", port: 25) ?? .unix

    private func text(_ folder: TraceFolder, _ id: String) -> String {
        String(decoding: folder.page(of: id, after: TraceCursor(), maximum: 1 << 20).octets, as: UTF8.self)
    }

    @Test(arguments: ["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "example.org", "A.Example", "ünicode.example"])
    func `A subject reads back`(name: String) throws {
        let folder = Self.folder()
        let definition = try Self.definition("abc1", name, [.outbound], content: true)
        #expect(folder.write(definition))
        #expect(folder.status(of: "abc1")?.definition == definition)
        #expect(folder.list().map(\.definition.id) == ["abc1"])
        folder.remove("abc1")
        #expect(folder.list().isEmpty)
    }

    @Test(arguments: ["", "a b", "192.0.2.0/99", "../x", ".org", "org.", "a/b", "x\ny"])
    func `Other texts are no subject`(name: String) { #expect(TraceDefinition.Subject(name) == nil) }

    @Test(arguments: ["", "../x", "A", "a.b", "a/b", String(repeating: "a", count: 33)])
    func `Other texts are no id`(name: String) { #expect(!TraceDefinition.isID(name)) }

    @Test(arguments: ["", "{}", "[1]", "{\"id\":\"../x\"}", "null"]) func `Other files are no definitions`(text: String)
    {
        #expect(TraceDefinition(Array(text.utf8)) == nil)
    }

    @Test func `A peer is traced, and nobody else`() throws {
        let folder = Self.folder()
        let traces = ProtocolTraces(folder, process: "transport-1")
        #expect(traces.session(.inbound, peer: Self.peer) == nil)
        #expect(folder.write(try Self.definition("t1", "192.0.2.0/24", [.inbound])))
        traces.refresh()
        #expect(traces.session(.outbound, peer: Self.peer) == nil)
        #expect(traces.session(.inbound, peer: SocketAddress(host: "192.0.3.7", port: 25) ?? .unix) == nil)
        let session = try #require(traces.session(.inbound, peer: Self.peer))
        session.client("EHLO \u{1B}[2Jx")
        session.server("250 fine")
        session.content(Array("secret content\r\n".utf8))
        session.endOfContent()
        traces.refresh()
        let found = text(folder, "t1")
        #expect(found.contains(" 192.0.2.7:25 C: EHLO \\u{1B}[2Jx\n"))
        #expect(found.contains("S: 250 fine\n") && found.contains("16 octets of content\n"))
        #expect(!found.contains("secret"))
        folder.remove("t1")
    }

    @Test func `A domain is traced from the first line of the session on`() throws {
        let folder = Self.folder()
        let traces = ProtocolTraces(folder, process: "transport-1")
        #expect(folder.write(try Self.definition("t1", "Example.org", content: true)))
        traces.refresh()
        let other = try #require(traces.session(.inbound, peer: Self.peer))
        other.client("EHLO other")
        other.meet(name: "notexample.org")
        let session = try #require(traces.session(.inbound, peer: Self.peer))
        session.client("EHLO first")
        session.meet(name: "MAIL.example.ORG")
        session.client("MAIL second")
        session.content(Array("a line\r\nand".utf8))
        session.content(Array(" more".utf8))
        session.endOfContent()
        traces.refresh()
        let found = text(folder, "t1")
        #expect(!found.contains("other"))
        let order = ["EHLO first", "MAIL second", "C| a line", "C| and more", "16 octets"].map {
            found.firstRange(of: $0)?.lowerBound
        }
        #expect(order.allSatisfy { $0 != nil })
        #expect(order.compactMap(\.self) == order.compactMap(\.self).sorted())
        folder.remove("t1")
    }

    @Test func `A trace is over by its time, by its size, and by hand`() throws {
        let folder = Self.folder()
        let traces = ProtocolTraces(folder, process: "transport-1")
        #expect(folder.write(try Self.definition("time", "192.0.2.7", seconds: 0)))
        #expect(folder.write(try Self.definition("size", "192.0.2.7", octets: 1024)))
        var hand = try Self.definition("hand", "192.0.2.7")
        #expect(folder.write(hand))
        #expect(traces.refresh().isEmpty)
        let session = try #require(traces.session(.inbound, peer: Self.peer))
        for number in 0..<100 { session.client("line \(number)") }
        #expect(traces.refresh().map(\.id) == ["size"])
        let size = try #require(folder.status(of: "size"))
        #expect(size.isOver && size.octets >= 1024 && size.octets < 1200)
        #expect(text(folder, "size").hasSuffix("\n"))
        session.client("last words")
        hand.isStopped = true
        #expect(folder.write(hand))
        #expect(traces.refresh().map(\.id) == ["hand"])
        #expect(text(folder, "hand").contains("last words"))
        #expect(traces.session(.inbound, peer: Self.peer) == nil)
        #expect(folder.status(of: "time")?.octets == 0)
        for id in ["time", "size", "hand"] { folder.remove(id) }
    }
}
