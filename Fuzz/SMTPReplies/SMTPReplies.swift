// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import SMTPWire

/// Any octets as a server's replies: the same values however they are cut, each within its bounds. The first octet says
/// how long the pieces are.
@main
enum FuzzSMTPReplies {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let wire = Array(input.dropFirst())
        let whole = replies(wire, wire.count + 1)
        precondition(whole == replies(wire, Int(input.first ?? 0) % 17 + 1))
        for reply in whole {
            precondition((200...599).contains(reply.code) && reply.lines.count <= SMTPReplyParser.maximumLines)
            _ = SMTPCapabilities(reply: reply).maximumSize
        }
    }

    nonisolated static func replies(_ wire: [UInt8], _ piece: Int) -> [SMTPReply] {
        var parser = SMTPReplyParser()
        var found: [SMTPReply] = []
        var offset = 0
        while offset < wire.count {
            guard let read = try? parser.read(Array(wire[offset...].prefix(piece))) else { return found }
            offset += read.consumed
            if let reply = read.reply { found.append(reply) }
        }
        return found
    }
}
