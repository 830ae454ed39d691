// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import Testing

private let accepted = sessionCommands + mailboxCommands + messageCommands + searchCommands

@Test(arguments: accepted.indices)
func readsCommands(index: Int) throws {
    let (text, expected) = accepted[index]
    let command = try parseCommand(Array(text.utf8))
    #expect(expected.equals(command), "\(text) -> \(command)")
}

@Test
func hasFixturesOfEveryCommand() {
    let named = Set(accepted.map { "\(type(of: $0.1).name)" })
    let missing = AnyCommand.types.map { "\($0.name)" }.filter { !named.contains($0) }
    #expect(missing.isEmpty, "\(missing)")
}

/// What a command encodes to reads as the same command.
@Test(arguments: accepted.indices)
func encodesWhatItReads(index: Int) throws {
    let (_, command) = accepted[index]
    let octets = frame(command.encoded(tag: "t1"))
    let again = try parseCommand(octets)
    #expect(command.equals(again), "\(String(decoding: octets, as: UTF8.self))")
}

/// A command cut anywhere, or with one octet changed, is an error or another command, and never a trap.
@Test(arguments: accepted.indices)
func readsDamagedCommands(index: Int) throws {
    let octets = Array(accepted[index].0.utf8)
    for cut in octets.indices { _ = try? parseCommand(Array(octets[..<cut])) }
    for place in octets.indices {
        for octet: UInt8 in [
            0, 9, 10, 13, 32, 34, 40, 41, 42, 43, 46, 48, 57, 60, 65, 91, 92, 93, 123, 125, 127, 128, 255,
        ] {
            var changed = octets
            changed[place] = octet
            _ = try? parseCommand(changed)
        }
    }
}
