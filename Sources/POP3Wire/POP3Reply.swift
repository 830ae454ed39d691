// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The machine-readable reason of a `-ERR` (RFC 2449 §8, RFC 3206 §4, RFC 6856 §5).
package enum POP3ResponseCode: String, Sendable, Hashable, CaseIterable {
    /// The maildrop could not be had in time; try again.
    case inUse = "IN-USE"
    /// The account has logged on a moment ago (RFC 2449 §8.1.1); try again later.
    case loginDelay = "LOGIN-DELAY"
    /// The server is at fault, and will be well again by itself.
    case systemTemporary = "SYS/TEMP"
    /// The server is at fault, and somebody must act.
    case systemPermanent = "SYS/PERM"
    /// The credentials are at fault.
    case auth = "AUTH"
    /// The message cannot be sent to a client that has not said UTF8 (RFC 6856 §5).
    case utf8 = "UTF8"
}

/// The status line of a reply (RFC 1939 §3).
package struct POP3Reply: Sendable, Hashable {
    /// Octets of a status line with its CRLF (RFC 2449 §4).
    package static let maximumOctets = 512

    package var isPositive: Bool
    package var code: POP3ResponseCode?
    /// One line of printable text; control characters are sent as `?`.
    package var text: String

    package static func ok(_ text: String) -> POP3Reply { POP3Reply(isPositive: true, code: nil, text: text) }

    package static func err(_ code: POP3ResponseCode? = nil, _ text: String) -> POP3Reply {
        POP3Reply(isPositive: false, code: code, text: text)
    }

    /// The line with its CRLF, at most `maximumOctets` long.
    package var encoded: [UInt8] {
        var line = Array((isPositive ? "+OK" : "-ERR").utf8)
        if let code { line += Array(" [\(code.rawValue)]".utf8) }
        if !text.isEmpty {
            line.append(ASCII.space)
            line += text.utf8.map { ASCII.isControl($0) ? 0x3F : $0 }
        }
        return Array(line.prefix(Self.maximumOctets - 2)) + [ASCII.cr, ASCII.lf]
    }
}
