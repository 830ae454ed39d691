// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MilterWire
import Testing

/// A packet as filters send it.
private func packet(_ kind: Character, _ payload: [UInt8] = []) -> [UInt8] {
    let length = UInt32(payload.count + 1)
    let head = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) }
    return head + [kind.asciiValue ?? 0] + payload
}

private func packet(_ kind: Character, _ text: String) -> [UInt8] { packet(kind, Array(text.utf8)) }

/// All replies in `wire`, fed in pieces; stops at the first error.
private func replies(_ wire: [UInt8], piece: Int) -> ([MilterReply], MilterSyntaxError?) {
    var reader = MilterReplyReader()
    var found: [MilterReply] = []
    var rest = wire[...]
    while !rest.isEmpty {
        reader.add(Array(rest.prefix(piece)))
        rest = rest.dropFirst(piece)
        do throws(MilterSyntaxError) {
            while let reply = try reader.next() { found.append(reply) }
        } catch {
            return (found, error)
        }
    }
    return (found, nil)
}

private func octets(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite struct MilterReplyTests {
    private static let good: [([UInt8], MilterReply)] = [
        (packet("c"), .proceed), (packet("a"), .accept), (packet("r"), .reject), (packet("t"), .temporaryFailure),
        (packet("d"), .discard), (packet("s"), .skip), (packet("p"), .progress), (packet("f"), .connectionFailure),
        (packet("4"), .connectionFailure),
        (packet("h", "X-A\0one\0"), .change(.addHeader(name: octets("X-A"), value: octets("one")))),
        (packet("h", "X-A\0\0"), .change(.addHeader(name: octets("X-A"), value: []))),
        (
            packet("i", [0, 0, 1, 2] + octets("X-A\0one\0")),
            .change(.insertHeader(at: 258, name: octets("X-A"), value: octets("one")))
        ),
        (
            packet("m", [0, 0, 0, 2] + octets("Subject\0\0")),
            .change(.changeHeader(number: 2, name: octets("Subject"), value: []))
        ),
        (packet("+", "<a@b>\0"), .change(.addRecipient("<a@b>", parameters: ""))),
        (packet("2", "<a@b>\0NOTIFY=NEVER\0"), .change(.addRecipient("<a@b>", parameters: "NOTIFY=NEVER"))),
        (packet("2", "<a@b>\0"), .change(.addRecipient("<a@b>", parameters: ""))),
        (packet("-", "<a@b>\0"), .change(.deleteRecipient("<a@b>"))),
        (packet("b", [0, 1, 0]), .change(.replaceBody([0, 1, 0]))),
        (packet("e", "<a@b>\0"), .change(.changeSender("<a@b>", parameters: ""))),
        (packet("q", "why\0"), .change(.quarantine(reason: "why"))),
        (packet("y", "451 later\0"), .reply(MilterReplyText(code: 451, lines: ["later"]))),
        (
            packet("y", "550-5.7.1 100%% no\r\n550 5.7.1 really\0"),
            .reply(MilterReplyText(code: 550, subject: 7, detail: 1, lines: ["100% no", "really"]))
        ),
        (
            packet("O", [0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2] + octets("i {mail_addr}\0")),
            .terms(
                MilterTerms(
                    version: 6,
                    actions: .addHeaders,
                    omissions: .noHello,
                    macros: [.mail: ["i", "{mail_addr}"]]
                )
            )
        ),
    ]

    @Test(arguments: [1, 3, 1000])
    func `Replies, in pieces of any size`(piece: Int) {
        for (wire, reply) in Self.good {
            let (found, error) = replies(wire + packet("c"), piece: piece)
            #expect(found == [reply, .proceed] && error == nil)
        }
        let all = Self.good.flatMap(\.0)
        #expect(replies(all, piece: piece).0 == Self.good.map(\.1))
    }

    @Test(arguments: [
        ([0, 0, 0, 0], MilterSyntaxError.length(0)), ([0xFF, 0, 0, 0, 0], .length(0xFF00_0000)),
        (packet("x"), .unknown(UInt8(ascii: "x"))), (packet("h"), .payload(UInt8(ascii: "h"))),
        (packet("h", "one\0"), .payload(UInt8(ascii: "h"))), (packet("h", "a\0b\0c\0"), .payload(UInt8(ascii: "h"))),
        (packet("i", [0, 0]), .payload(UInt8(ascii: "i"))), (packet("m", "abc"), .payload(UInt8(ascii: "m"))),
        (packet("O", [0, 0, 0, 6]), .payload(UInt8(ascii: "O"))),
        (packet("O", [UInt8](repeating: 0, count: 12) + [0, 0, 0, 9, 65, 0]), .payload(UInt8(ascii: "O"))),
        (packet("y", "250 fine\0"), .payload(UInt8(ascii: "y"))), (packet("y", "\0"), .payload(UInt8(ascii: "y"))),
        (packet("y", "550-a\r\n451 b\0"), .payload(UInt8(ascii: "y"))), (packet("+"), .payload(UInt8(ascii: "+"))),
        (packet("y", "550\u{0}x"), .payload(UInt8(ascii: "y"))),
    ])
    func `What is no reply`(wire: [UInt8], expected: MilterSyntaxError) {
        for piece in [1, 1000] {
            let (found, error) = replies(packet("c") + wire, piece: piece)
            #expect(found == [.proceed] && error == expected)
        }
    }

    @Test func `Every cut of a reply is a beginning, never an error`() {
        for (wire, _) in Self.good {
            for count in 0..<wire.count {
                let (found, error) = replies(Array(wire.prefix(count)), piece: 1000)
                #expect(found.isEmpty && error == nil)
            }
        }
    }

    @Test func `Terms beyond the offer`() {
        let all = MilterTerms(version: 6, actions: .all, omissions: .offered)
        #expect(all.isWithinOffer)
        #expect(!MilterTerms(version: 7, actions: [], omissions: []).isWithinOffer)
        #expect(!MilterTerms(version: 1, actions: [], omissions: []).isWithinOffer)
        #expect(!MilterTerms(version: 6, actions: MilterActions(rawValue: 0x1000), omissions: []).isWithinOffer)
        #expect(!MilterTerms(version: 6, actions: [], omissions: .refusedRecipients).isWithinOffer)
    }
}

@Suite struct MilterCommandTests {
    @Test(arguments: [
        (MilterCommand.quit, "\0\0\0\u{1}Q"), (.data, "\0\0\0\u{1}T"), (.hello("x.y"), "\0\0\0\u{5}Hx.y\0"),
        (.mail(["<a@b>", "SIZE=1"]), "\0\0\0\u{E}M<a@b>\0SIZE=1\0"),
        (.connect(host: "h", .ipv4("1.2.3.4", port: 25)), "\0\0\0\u{E}Ch\u{0}4\0\u{19}1.2.3.4\0"),
        (.connect(host: "h", .unknown), "\0\0\0\u{4}Ch\0U"),
        (.header(name: Array("A".utf8), value: Array("b\n c".utf8)), "\0\0\0\u{8}LA\0b\n c\0"),
        (.macros(of: .mail, [(name: "i", value: "1"), (name: "{x}", value: "")]), "\0\0\0\u{B}DMi\u{0}1\0{x}\0\0"),
        (.hello("cut\0here"), "\0\0\0\u{5}Hcut\0"),
    ])
    func `Packets`(command: MilterCommand, wire: String) {
        #expect(command.encoded == Array(wire.utf8))
    }

    @Test func `Lengths and numbers are in network order`() {
        let body = MilterCommand.body([UInt8](repeating: 7, count: MilterCommand.maximumBodyOctets))
        #expect(body.encoded.prefix(5) == [0, 1, 0, 0, UInt8(ascii: "B")])
        let offer = MilterTerms(version: 6, actions: .all, omissions: [.noConnect, .leadingSpace])
        #expect(MilterCommand.negotiate(offer).encoded == [0, 0, 0, 13, 79, 0, 0, 0, 6, 0, 0, 1, 255, 0, 16, 0, 1])
    }
}
