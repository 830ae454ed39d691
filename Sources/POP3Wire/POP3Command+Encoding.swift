// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

extension POP3Command {
    /// The line with its CRLF, as a client sends it.
    ///
    /// Arguments are written as they are: whoever makes them keeps line ends out.
    package var encoded: [UInt8] {
        var line: [UInt8] = []
        keyword.withUTF8Buffer { unsafe line.append(contentsOf: $0) }
        for argument in arguments {
            line.append(ASCII.space)
            line += argument
        }
        return line + [ASCII.cr, ASCII.lf]
    }

    private var arguments: [[UInt8]] {
        switch self {
        case .auth(let mechanism, let initial): [mechanism] + (initial.map { [$0] } ?? [])
        case .dele(let number), .retr(let number): [Array("\(number)".utf8)]
        case .list(let number), .uidl(let number): number.map { [Array("\($0)".utf8)] } ?? []
        case .top(let number, let lines): [Array("\(number)".utf8), Array("\(lines)".utf8)]
        case .pass(let octets), .user(let octets): [octets]
        case .lang(let range): range.map { [$0] } ?? []
        case .apop, .authMechanisms, .capa, .last, .noop, .quit, .rset, .stat, .stls, .utf8: []
        }
    }
}
