// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How strictly a connection to another server is protected, from least to most.
///
/// Raw values are those of settings and commands.
public enum OutboundSecurity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// TLS is never asked for.
    case none
    /// TLS where it is offered, in the clear where it is not or where it fails; the certificate is not looked at
    /// (RFC 7435).
    case may
    /// TLS, or the message waits; the certificate is not looked at.
    case require
    /// TLS with a certificate that is valid for the host's name, or the message waits.
    case verify

    /// Whether mail waits rather than go in the clear.
    public var needsTLS: Bool { self >= .require }

    /// The lesser protects less: `none` is below all others.
    public static func < (a: Self, b: Self) -> Bool { a.rank < b.rank }

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
