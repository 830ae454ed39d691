// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import POP3Wire
import Testing

@Suite struct POP3CommandTests {
    static let commands: [(line: String, command: POP3Command)] = [
        ("USER alice@example.test", .user(Array("alice@example.test".utf8))),
        ("user  two words  ", .user(Array("two words".utf8))),
        ("PASS secret", .pass(Array("secret".utf8))),
        ("PASS  two  words ", .pass(Array(" two  words ".utf8))),
        ("APOP x y", .apop),
        ("AUTH", .authMechanisms),
        ("AUTH PLAIN", .auth(mechanism: Array("PLAIN".utf8), initialResponse: nil)),
        ("auth plain =", .auth(mechanism: Array("plain".utf8), initialResponse: Array("=".utf8))),
        ("CAPA", .capa), ("STLS", .stls), ("QUIT", .quit), ("quit  ", .quit), ("NOOP", .noop), ("STAT", .stat),
        ("RSET", .rset), ("LAST", .last), ("LANG", .lang(nil)), ("lang  ", .lang(nil)),
        ("LANG en-GB ", .lang(Array("en-GB".utf8))), ("UTF8", .utf8), ("utf8 ", .utf8),
        ("LIST", .list(nil)), ("LIST 7", .list(7)), ("UIDL", .uidl(nil)), ("UIDL 2147483647", .uidl(2_147_483_647)),
        ("RETR 1", .retr(1)), ("DELE 007", .dele(7)),
        ("TOP 1 0", .top(1, lines: 0)), ("TOP 3 18446744073709551615", .top(3, lines: .max)),
    ]

    @Test("lines that are commands", arguments: commands)
    func parses(_ line: String, _ command: POP3Command) throws {
        #expect(try POP3Command(parsing: Array(line.utf8)) == command)
    }

    static let errors: [(line: String, error: POP3SyntaxError)] = [
        ("", .emptyLine),
        (" QUIT", .unknownCommand("")),
        ("XFOO bar", .unknownCommand("XFOO")),
        ("QUITT", .unknownCommand("QUITT")),
        ("GET\u{7}/verylongcommandname", .unknownCommand("GET?/VERYLONGCOM")),
        ("USER", .missingArgument("USER")), ("USER  ", .missingArgument("USER")),
        ("PASS", .missingArgument("PASS")), ("PASS ", .missingArgument("PASS")),
        ("RETR", .missingArgument("RETR")), ("DELE ", .missingArgument("DELE")),
        ("TOP", .missingArgument("TOP")), ("TOP 1", .missingArgument("TOP")),
        ("TOP 1 2 3", .unexpectedArgument("TOP")), ("TOP 0 1", .badNumber("TOP")), ("TOP 1 -1", .badNumber("TOP")),
        ("RETR 0", .badNumber("RETR")), ("RETR -1", .badNumber("RETR")), ("RETR 1x", .badNumber("RETR")),
        ("RETR 2147483648", .badNumber("RETR")), ("RETR 99999999999999999999999", .badNumber("RETR")),
        ("LIST 1 2", .unexpectedArgument("LIST")), ("LIST all", .badNumber("LIST")),
        ("LANG en de", .unexpectedArgument("LANG")), ("QUIT now", .unexpectedArgument("QUIT")),
        ("AUTH PLAIN a b", .unexpectedArgument("AUTH")), ("UTF8 USER", .unexpectedArgument("UTF8")),
    ]

    @Test("lines that are none", arguments: errors)
    func refuses(_ line: String, _ expected: POP3SyntaxError) {
        #expect(throws: expected) { try POP3Command(parsing: Array(line.utf8)) }
    }

    @Test("binary noise is an answer, and its text fits a reply") func noise() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let line = (0..<Int.random(in: 0...64)).map { _ in UInt8.random(in: 0...255, using: &generator) }
            do throws(POP3SyntaxError) {
                _ = try POP3Command(parsing: line)
            } catch {
                #expect(POP3Reply.err(nil, error.text).encoded.count <= POP3Reply.maximumOctets)
            }
        }
    }

    @Test func statesOfCommands() throws {
        let inBoth = try ["CAPA", "LANG", "QUIT"].map { try POP3Command(parsing: Array($0.utf8)).states }
        #expect(inBoth.allSatisfy { $0 == [.authorization, .transaction] })
        for (line, command) in Self.commands {
            #expect(!command.states.isEmpty)
            #expect(line.uppercased().hasPrefix(command.keyword.description))
        }
    }
}
