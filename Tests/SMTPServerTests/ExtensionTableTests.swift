// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import Glibc
import SASL
import SMTPServer
import SMTPWire
import Testing

@Suite("docs/smtp.md")
struct ExtensionTableTests {
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
    private static let rows: [[[String]]] = content(of: folder + "/docs/smtp.md").split(separator: "\n")
        .filter { $0.hasPrefix("| `") }
        .map { row in
            row.split(separator: "|").map { column in
                column.split(separator: "`", omittingEmptySubsequences: false).enumerated()
                    .filter { $0.offset % 2 == 1 }.map { String($0.element) }
            }
        }

    private static func offered(_ service: SMTPService, _ channel: SASLChannel) -> [String] {
        var limits = SMTPLimits()
        limits.offersReports = service != .internalLMTP
        limits.mayStartQueues = !service.isLMTP
        limits.mayPresentClients = service != .internalLMTP
        (limits.verifies, limits.expands) = (.everybody, .everybody)
        limits.refusedSolicitations = ["net.example:ADV"].compactMap(SolicitationKeyword.init)
        let session = SMTPSession(
            service,
            limits: limits,
            hostName: "mx",
            peer: "192.0.2.1",
            channel: channel,
            canStartTLS: true
        )
        return session.extensions.map { $0.split(separator: " ").first.map { String($0) } ?? "" }
    }

    @Test("What is offered is what the table has, and each row once")
    func offered() {
        var told: Set<String> = []
        for service in [SMTPService.receive, .submission, .lmtp, .internalLMTP] {
            for channel in [SASLChannel.clear, .tls] {
                let keywords = Self.offered(service, channel)
                #expect(Set(keywords).count == keywords.count)
                told.formUnion(keywords)
            }
        }
        let listed = Self.rows.map { $0[0].first ?? "" }
        #expect(Set(listed) == told)
        #expect(listed.count == told.count)
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
