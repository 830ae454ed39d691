// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a client asks for (RFC 1939, RFC 2449 §5, RFC 2595 §4, RFC 5034 §4, RFC 6856 §2, §3).
///
/// Message numbers are 1 to 2^31-1; whether there is such a message is not looked at here.
package enum POP3Command: Sendable, Hashable {
    /// Not offered (RFC 1939 §7): it needs passwords that can be read back.
    case apop
    /// `initialResponse` as written: base64, or `=`.
    case auth(mechanism: [UInt8], initialResponse: [UInt8]?)
    /// AUTH alone: old clients ask so for the list of mechanisms.
    case authMechanisms
    case capa
    case dele(Int)
    /// With a language range, or for the list of languages (RFC 6856 §3.2).
    case lang([UInt8]?)
    /// Of RFC 1081, taken out by RFC 1460.
    case last
    case list(Int?)
    case noop
    case pass([UInt8])
    case quit
    case retr(Int)
    case rset
    case stat
    case stls
    case top(Int, lines: UInt64)
    case uidl(Int?)
    case user([UInt8])
    /// Headers may be in UTF-8 from here on (RFC 6856 §2.1).
    case utf8
}

/// The states of a session in which a command is valid (RFC 1939 §3).
package struct POP3States: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package static let authorization = POP3States(rawValue: 1 << 0)
    package static let transaction = POP3States(rawValue: 1 << 1)
}

extension POP3Command {
    package var states: POP3States {
        switch self {
        case .apop, .auth, .authMechanisms, .pass, .stls, .user, .utf8: .authorization
        case .dele, .last, .list, .noop, .retr, .rset, .stat, .top, .uidl: .transaction
        case .capa, .lang, .quit: [.authorization, .transaction]
        }
    }

    /// The keyword, for logs: arguments may be secret.
    package var keyword: StaticString {
        switch self {
        case .apop: "APOP"
        case .auth, .authMechanisms: "AUTH"
        case .capa: "CAPA"
        case .dele: "DELE"
        case .lang: "LANG"
        case .last: "LAST"
        case .list: "LIST"
        case .noop: "NOOP"
        case .pass: "PASS"
        case .quit: "QUIT"
        case .retr: "RETR"
        case .rset: "RSET"
        case .stat: "STAT"
        case .stls: "STLS"
        case .top: "TOP"
        case .uidl: "UIDL"
        case .user: "USER"
        case .utf8: "UTF8"
        }
    }
}
