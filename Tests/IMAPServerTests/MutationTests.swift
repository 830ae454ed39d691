// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPServer
import Runtime
import Testing

private let commands = [
    "FETCH 1:2 (FLAGS BODY.PEEK[1.MIME]<0.5> ENVELOPE BODYSTRUCTURE)", "UID FETCH 1:* BODY[HEADER.FIELDS (To From)]",
    "STORE 1 +FLAGS (\\Seen $x)", "SEARCH OR (SUBJECT x SINCE 1-Feb-1994) NOT LARGER 10",
    "LIST (SUBSCRIBED) \"\" (* %)",
    "STATUS INBOX (MESSAGES UIDNEXT)", "COPY 1:2 Sent", "RENAME Sent Foo", "CREATE Entw&APw-rfe", "SELECT INBOX",
    "EXAMINE \"INBOX\"", "LSUB \"\" *", "ID (\"a\" NIL)", "ENABLE X", "UID EXPUNGE 1:2", "MOVE 1 Trash",
    "APPEND INBOX {3+}",
]

private let specials = Array("(){}[]<>\"\\*%:, 0~&+".utf8)

@Suite("Mutated commands", .timeLimit(.minutes(20)))
struct MutationTests {
    @Test("Every line gets a valid answer, and the session goes on", arguments: 0..<8)
    func mutated(seed: UInt64) async throws {
        var dialogue = Dialogue()
        dialogue.configuration.badCommands = .max
        for number in 1...4 {
            dialogue.account.deliver(
                "Subject: \(number)\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nhi\r\n--x--\r\n"
            )
        }
        try await dialogue.loggedOn { client in
            var state = seed &+ 1
            func random(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(truncatingIfNeeded: state >> 33) % bound
            }
            for round in 0..<400 {
                var line = Array("m \(commands[random(commands.count)])".utf8)
                for _ in 0...random(3) {
                    let place = random(line.count)
                    switch random(3) {
                    case 0: line[place] = UInt8(truncatingIfNeeded: random(256))
                    case 1: line.remove(at: place)
                    default: line.insert(specials[random(specials.count)], at: place)
                    }
                }
                // Line ends and literals would change what the server waits for.
                line.removeAll { $0 == 10 || $0 == 13 || $0 == 0x7B }
                client.connection.write(line)
                try await client.send("\r\ns\(round) NOOP\r\n")
                let answers = try await client.responses(to: "s\(round)")
                #expect(answers.last == "OK NOOP completed")
            }
        }
    }
}
