// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes
import POP3Server
import Testing

@Suite(.timeLimit(.minutes(20))) struct RetrievalTests {
    /// 200 KiB of short lines, many of which begin with a dot.
    static let large = (0..<20_000).map { $0 % 3 == 0 ? ".\($0)" : "line \($0)" }.joined(separator: "\r\n") + "\r\n"

    @Test("a large message comes back octet for octet") func large() async throws {
        let said = try await Dialogue([Self.large]).session("RETR 1\r\n")
        var lines = said.split(separator: "\r\n", omittingEmptySubsequences: false).dropFirst(2)
        lines = lines.prefix { $0 != "." }
        let message = lines.map { $0.hasPrefix(".") ? $0.dropFirst() : $0 }.joined(separator: "\r\n") + "\r\n"
        #expect(message == Self.large)
    }

    @Test("damage is filled, the answer stays positive, and there is an event") func filled() async throws {
        let dialogue = Dialogue(["a\r\n\r\nxxxxx\r\n", "b"], faults: .init(damaged: [UID(10): 5]))
        let said = try await dialogue.session("RETR 1\r\nRETR 2\r\n")
        #expect(said.contains("+OK 12 octets\r\na\r\n\r\n#######\r\n.\r\n+OK 1 octets\r\nb\r\n.\r\n"))
        #expect(dialogue.events.names.contains("pop3.message.damaged"))
    }

    @Test("where damage is refused, that message is, wherever it begins", arguments: [UInt64(0), 70_000, 150_000])
    func refused(_ offset: UInt64) async throws {
        var dialogue = Dialogue([Self.large, "b", Self.large], faults: .init(damaged: [UID(10): offset]))
        dialogue.refusesDamaged = true
        let said = try await dialogue.session("RETR 1\r\nRETR 2\r\nLIST 1\r\n")
        #expect(said.contains("-ERR [SYS/PERM] message 1 is damaged\r\n+OK 1 octets\r\nb\r\n.\r\n+OK 1 "))
        #expect(said.hasSuffix(Dialogue.farewell))
    }

    @Test("TOP of the undamaged start is served where damage is refused") func top() async throws {
        var dialogue = Dialogue(["H: 1\r\n\r\n" + Self.large], faults: .init(damaged: [UID(10): 150_000]))
        dialogue.refusesDamaged = true
        #expect(
            try await dialogue.session("TOP 1 1\r\n").contains("+OK top of message follows\r\nH: 1\r\n\r\n..0\r\n.\r\n")
        )
    }

    @Test(
        "a message that cannot be read is one -ERR",
        arguments: [
            (MailStoreError.Code.busy, "-ERR [IN-USE] message 1 cannot be read now, try again\r\n"),
            (.unavailable, "-ERR [SYS/TEMP] message 1 cannot be read now, try again\r\n"),
            (.damaged, "-ERR [SYS/PERM] message 1 is damaged\r\n"),
            (.noSuchMailbox, "-ERR message 1 is gone\r\n"),
        ]
    )
    func unreadable(_ code: MailStoreError.Code, _ reply: String) async throws {
        let dialogue = Dialogue(
            ["a", "b"],
            faults: .init(failing: [UID(10): FakeMaildrop.Failure(from: 0, MailStoreError(code, "x"))])
        )
        let said = try await dialogue.session("RETR 1\r\nTOP 1 1\r\nRETR 2\r\n")
        #expect(said.contains(reply + reply + "+OK 1 octets\r\nb\r\n.\r\n"))
    }

    @Test("one that breaks in the middle closes the connection without the final dot") func breaks() async throws {
        let fault = MailStoreError(.unavailable, "x", detail: "EIO")
        let dialogue = Dialogue(
            [Self.large],
            faults: .init(failing: [UID(10): FakeMaildrop.Failure(from: 140_000, fault)])
        )
        let said = try? await dialogue.session("DELE 1\r\nRSET\r\nRETR 1\r\n")
        #expect(said?.contains("\r\n.\r\n") != true)
        #expect(dialogue.events.names.contains("pop3.retrieval.broken"))
        #expect(dialogue.maildrop.uids == [UID(10)])
    }
}
