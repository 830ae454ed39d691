// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import POP3Wire

/// Any bytes as command lines, and as a message that is sent: the answer fits a reply, and the stuffed message ends
/// once, at its end, wherever the chunks are cut.
@main
enum FuzzPOP3Commands {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false) {
            do throws(POP3SyntaxError) {
                let command = try POP3Command(parsing: Array(line))
                precondition(!command.states.isEmpty)
            } catch {
                precondition(POP3Reply.err(nil, error.text).encoded.count <= POP3Reply.maximumOctets)
            }
        }
        let size = Int(input.first ?? 0) % 7 + 1
        let encoded = stuff(input, cutting: size)
        precondition(encoded == stuff(input, cutting: max(1, input.count)))
        precondition(encoded.suffix(3).elementsEqual(".\r\n".utf8))
        let lines = encoded.dropLast(3).split(separator: 0x0A, omittingEmptySubsequences: false)
        precondition(!lines.contains { $0.elementsEqual(".\r".utf8) || $0.elementsEqual(".".utf8) })
        checkExtract(input, size)
    }

    nonisolated static func stuff(_ message: [UInt8], cutting size: Int) -> [UInt8] {
        var stuffer = DotStuffer()
        var encoded: [UInt8] = []
        for start in stride(from: 0, to: message.count, by: size) {
            encoded += stuffer.encode(Array(message[start..<min(start + size, message.count)]))
        }
        return encoded + stuffer.finish()
    }

    /// More lines never give less, and the whole message is the most there is.
    nonisolated static func checkExtract(_ message: [UInt8], _ lines: Int) {
        var some = TopExtract(bodyLines: UInt64(lines))
        var more = TopExtract(bodyLines: UInt64(lines) + 1)
        let shorter = some.take(message)
        precondition(more.take(message).starts(with: shorter) && message.starts(with: shorter))
    }
}
