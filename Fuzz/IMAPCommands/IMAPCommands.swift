// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import IMAPWire
import MailTypes

/// Any bytes as what a client sends: lines are cut at LF, literals by count, and what is a command is written and read
/// again as the same command.
@main
enum FuzzIMAPCommands {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        var assembler = FrameAssembler()
        var rest = input[...]
        // What the octets that came last were, when they belong to a message.
        var open: AppendLiteral?
        while let end = rest.firstIndex(of: 10) {
            var line = Array(rest[..<end])
            if line.last == 13 { line.removeLast() }
            rest = rest[(end + 1)...]
            switch assembler.add(line: line) {
            case .complete(let frame):
                if let literal = open { checkEnd(frame, literal) } else { checkFrame(frame) }
                open = nil
            case .literal(let marker):
                let next = open.map { following($0, assembler.bytes) } ?? message(assembler.bytes)
                precondition(next.map { $0.marker == marker } ?? true)
                if next != nil {
                    open = next
                    assembler.reset()
                    rest = rest.dropFirst(Int(clamping: marker.count))
                    continue
                }
                let octets = rest.prefix(Int(clamping: marker.count))
                assembler.add(literal: Array(octets))
                rest = rest.dropFirst(octets.count)
            }
        }
        checkFrame(assembler.bytes)
        if let url = MessageURL(input) { precondition(url.uid.rawValue > 0) }
        if let name = ModifiedUTF7.decode(input) { precondition(ModifiedUTF7.encode(name) == input) }
    }

    nonisolated static func message(_ frame: [UInt8]) -> AppendLiteral? {
        MessageCommandHead.read(frame)?.command.literal
    }

    nonisolated static func following(_ literal: AppendLiteral, _ frame: [UInt8]) -> AppendLiteral? {
        (try? literal.following(in: frame))?.literal
    }

    nonisolated static func checkEnd(_ frame: [UInt8], _ literal: AppendLiteral) {
        do throws(IMAPSyntaxError) {
            _ = try literal.following(in: frame)
        } catch {
            precondition(error.offset >= 0 && error.offset <= frame.count && !error.expected.isEmpty)
        }
    }

    nonisolated static func checkFrame(_ frame: [UInt8]) {
        do throws(IMAPSyntaxError) {
            let (tag, command) = try AnyCommand.parse(frame)
            checkRoundTrip(command, String(decoding: tag, as: UTF8.self))
        } catch {
            precondition(error.offset >= 0 && error.offset <= frame.count && !error.expected.isEmpty)
        }
    }

    nonisolated static func checkRoundTrip<Command: IMAPCommand>(_ command: Command, _ tag: String) {
        var octets = command.encoded(tag: tag)
        octets.removeLast(2)
        let again = try? AnyCommand.parse(octets).command as? Command
        // Uses that no mailbox can have are told, not kept.
        if let create = command as? CreateCommand, !create.unknownUses.isEmpty { return }
        // A list whose options are all empty is written in the short form.
        if command is ListCommand { return }
        precondition(again == command)
    }
}
