// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import IMAPServer
import SASL
import Testing

@Suite("docs/imap.md")
struct CapabilityTableTests {
    private static let folder = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

    private static func content(of path: String) -> String {
        let fd = unsafe open(path, O_RDONLY)
        guard fd >= 0 else { return "" }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 1 << 18)
        let count = unsafe read(fd, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Words in backquotes, column by column.
    private static let rows: [[[String]]] = content(of: folder + "/docs/imap.md").split(separator: "\n")
        .filter { $0.hasPrefix("| `") }
        .map { row in
            row.split(separator: "|").map { column in
                column.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            }
        }

    private static let configuration: IMAPConfiguration = {
        var configuration = IMAPConfiguration()
        configuration.sharesMailboxes = true
        configuration.messageLimit = MessageLimit(count: 1000)
        return configuration
    }()

    /// Where only what stores messages is bounded.
    private static let boundsSaving: IMAPConfiguration = {
        var other = configuration
        other.messageLimit = MessageLimit(count: 1000, scope: .save)
        return other
    }()

    /// Without the number that some announce.
    private static func name(_ capability: String) -> String {
        let parts = capability.split(separator: "=")
        return ["APPENDLIMIT", "MESSAGELIMIT", "SAVELIMIT"].first { $0 == parts[0] } ?? capability
    }

    @Test("What is offered is what the table has, and each row once")
    func offered() {
        let told =
            CapabilityList.beforeLogOn(
                on: SASLChannel(.tls, bindings: ["tls-exporter": [1]], identities: ["x"]),
                offersTLS: true,
                mechanisms: SASLMechanism.all
            )
            + CapabilityList.beforeLogOn(on: .clear, offersTLS: true)
            + CapabilityList.afterLogOn(Self.configuration)
            + CapabilityList.afterLogOn(Self.boundsSaving)
        let words = Set(told.map(Self.name))
        let listed = Self.rows.map { $0[0].first ?? "" }
        #expect(Set(listed) == words)
        #expect(listed.count == words.count)
        let after = CapabilityList.afterLogOn(Self.configuration)
        #expect(Set(after).count == after.count)
    }

    @Test("Each names tests that exist")
    func tested() {
        for row in Self.rows {
            let tests = row.last ?? []
            #expect(!tests.isEmpty, "\(row)")
            for test in tests {
                let path = Self.folder + "/Tests/" + test + (test.hasPrefix("EndToEnd/") ? ".py" : ".swift")
                #expect(unsafe access(path, R_OK) == 0, "\(path)")
            }
        }
    }
}
