// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Locking
import MailTypes
import MessageFormat
import SearchIndex
import Testing

@testable import MailStore

/// One message, and how often something of it was read.
private final class CountingSource: MessageSource {
    let message: [UInt8]
    private let asked = Lock<[Range<UInt64>]>([])

    init(_ message: String) { self.message = Array(message.utf8) }

    var reads: [Range<UInt64>] { asked.withLock { $0 } }

    func octets(of _: MessageEntry, _ range: Range<UInt64>) async throws(MailStoreError) -> MessageOctets {
        asked.withLock { $0.append(range) }
        return MessageOctets(bytes: Array(message[Int(range.lowerBound)..<Int(range.upperBound)]))
    }

    func cachedStructure(of _: MessageEntry) async throws(MailStoreError) -> [UInt8]? {
        let octets = message
        return unsafe MessageSummary(parsing: octets.span.bytes).encode()
    }

    var entry: MessageEntry {
        MessageEntry(
            uid: UID(1),
            systemFlags: [],
            keywordBits: 0,
            internalDate: MailDate(secondsSince1970: 0),
            savedSeconds: 0,
            size: UInt64(message.count),
            modSeq: ModSeq(1),
            body: BodyReference(segment: 1, offset: 0)
        )
    }

    func holds(_ text: String) async throws -> Bool {
        let search = TextSearch([MessageSearch.Term(SearchNeedle(text), in: .text)], .term(0))
        let found = try await DirectSearch(source: self, search: search)
            .run(MessageTable([entry]), at: [0], while: { true })
        return found == [0]
    }
}

@Suite("Searching large messages")
struct LargeMessageSearchTests {
    private static let head = "Subject: many\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

    @Test("Many small parts are not as many reads, for a search and for the text that is kept")
    func manyParts() async throws {
        let line = String(repeating: "of some length ", count: 4)
        let parts = (0..<9_000).map { "--b\r\n\r\npart \($0)\r\n\(line)\r\n" }.joined()
        let source = CountingSource(Self.head + parts + "--b--\r\n")
        for (text, holds) in [("part 8999", true), ("part 17x", false), ("part 17", true), ("part 9000", false)] {
            #expect(try await source.holds(text) == holds, "\(text)")
        }
        #expect(source.reads.count < 60)
        let text = try #require(try await source.text(of: source.entry))
        let structure = MessageStructure(parsing: source.message)
        #expect(text == MessageText(of: source.message, structure))
        #expect(source.reads.count < 80)
    }

    @Test("An attachment between texts is passed over, but for what stands next to them")
    func attachment() async throws {
        let attachment = String(repeating: "AAAABBBB\r\n", count: 200_000)
        let binary = "Content-Type: application/x\r\n\r\n\(attachment)"
        let source = CountingSource(
            Self.head + "--b\r\n\r\nfirst\r\n--b\r\n\(binary)--b\r\n\r\nlast\r\n--b--\r\n"
        )
        for (text, holds) in [("first", true), ("last", true), ("AAAABBBB", false)] {
            #expect(try await source.holds(text) == holds, "\(text)")
        }
        #expect(source.reads.allSatisfy { $0.count <= 64 << 10 })
        #expect(source.reads.count < 10)
    }
}
