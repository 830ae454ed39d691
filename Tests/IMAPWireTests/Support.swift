// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import IMAPWire
import MailTypes

/// Every command type, for tests over all of them.
let commandTypes: [any IMAPCommand.Type] = [
    AppendCommand.self, AuthenticateCommand.self, CapabilityCommand.self, CheckCommand.self, CloseCommand.self,
    CopyCommand.self, CreateCommand.self, DeleteCommand.self, EnableCommand.self, ExamineCommand.self,
    ExpungeCommand.self, FetchCommand.self, IDCommand.self, IdleCommand.self, ListCommand.self, LoginCommand.self,
    LogoutCommand.self, LsubCommand.self, MoveCommand.self, NamespaceCommand.self, NoopCommand.self,
    RenameCommand.self, SearchCommand.self, SelectCommand.self, StartTLSCommand.self, StatusCommand.self,
    StoreCommand.self, SubscribeCommand.self, UnselectCommand.self, UnsubscribeCommand.self,
]

/// Reads one whole command: tag, name, arguments.
func parseCommand(_ frame: [UInt8]) throws(IMAPSyntaxError) -> any IMAPCommand {
    var scanner = WireScanner(frame)
    let head = try CommandHead(tag: try CommandHead.tag(parsing: &scanner), parsing: &scanner)
    guard let type = commandTypes.first(where: { "\($0.name)" == head.name }) else {
        throw IMAPSyntaxError(offset: 0, expected: "a command of the table")
    }
    return try parse(type, &scanner, head.isUID)
}

private func parse<Command: IMAPCommand>(
    _ type: Command.Type,
    _ scanner: inout WireScanner,
    _ isUID: Bool
) throws(IMAPSyntaxError) -> any IMAPCommand {
    try Command.parse(&scanner, isUID: isUID)
}

extension IMAPCommand {
    func equals(_ other: any IMAPCommand) -> Bool { (other as? Self) == self }
}

/// Drops the CRLF that ends a frame.
func frame(_ octets: [UInt8]) -> [UInt8] { octets.suffix(2) == [13, 10] ? Array(octets.dropLast(2)) : octets }

func set(_ text: String) -> SequenceSet {
    var scanner = WireScanner(Array(text.utf8))
    return (try? scanner.sequenceSet()) ?? SequenceSet([])
}

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
