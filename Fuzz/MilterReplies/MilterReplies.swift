// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MilterWire

/// Any octets as a filter's replies: the same values however they are cut; and whatever header fields come of them, each
/// is one field. The first octet says how long the pieces are.
@main
enum FuzzMilterReplies {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let wire = Array(input.dropFirst())
        let whole = replies(wire, wire.count + 1)
        precondition(whole == replies(wire, Int(input.first ?? 0) % 17 + 1))
        let start = Array("From: a\r\nReceived: x\r\n\ty\r\nSubject: z\r\n".utf8)
        var header = HeaderBlock(start)
        precondition(header.encoded == start)
        for reply in whole {
            if case .reply(let text) = reply { precondition((400...599).contains(text.code) && !text.lines.isEmpty) }
            guard case .change(let change) = reply else { continue }
            let before = header.forFilter(keepsSpace: true).count
            header.apply(change, bringsSpace: input.first.map { $0 % 2 == 0 } ?? true)
            let after = header.forFilter(keepsSpace: true)
            precondition(abs(after.count - before) <= 1)
            // Read again, it is the same fields: none has ended early, and no line is empty.
            let octets = header.encoded
            precondition(HeaderBlock(octets).forFilter(keepsSpace: true).map(\.name) == after.map(\.name))
            precondition(!octets.starts(with: [13, 10]) && !contains(octets, [13, 10, 13, 10]))
        }
    }

    nonisolated static func contains(_ octets: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard octets.count >= wanted.count else { return false }
        return (0...(octets.count - wanted.count)).contains { octets[$0...].starts(with: wanted) }
    }

    nonisolated static func replies(_ wire: [UInt8], _ piece: Int) -> [MilterReply] {
        var reader = MilterReplyReader()
        var found: [MilterReply] = []
        var offset = 0
        while offset < wire.count {
            let part = Array(wire[offset...].prefix(piece))
            reader.add(part)
            offset += part.count
            do throws(MilterSyntaxError) {
                while let reply = try reader.next() { found.append(reply) }
            } catch {
                return found
            }
        }
        return found
    }
}
