// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// One line of CAPA (RFC 2449 §6).
package enum POP3Capability: Sendable, Hashable {
    case authResponseCode
    case expireNever
    case implementation(String)
    /// Languages may be chosen (RFC 6856 §3).
    case lang
    /// Seconds between two log-ons of one account (RFC 2449 §6.5).
    case loginDelay(Int64)
    case pipelining
    case responseCodes
    case sasl([String])
    case stls
    case top
    case uidl
    case user
    /// UTF8 may be said (RFC 6856 §2).
    ///
    /// Without the argument USER: passwords are compared as octets, and may be in any charset.
    case utf8

    package var line: String {
        switch self {
        case .authResponseCode: "AUTH-RESP-CODE"
        case .expireNever: "EXPIRE NEVER"
        case .implementation(let name): "IMPLEMENTATION \(name)"
        case .lang: "LANG"
        case .loginDelay(let seconds): "LOGIN-DELAY \(seconds)"
        case .pipelining: "PIPELINING"
        case .responseCodes: "RESP-CODES"
        case .sasl(let names): "SASL \(names.joined(separator: " "))"
        case .stls: "STLS"
        case .top: "TOP"
        case .uidl: "UIDL"
        case .user: "USER"
        case .utf8: "UTF8"
        }
    }
}
