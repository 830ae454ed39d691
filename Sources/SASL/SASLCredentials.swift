// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Bounds on what a client may call itself and on what it may know.
package enum SASLCredentials {
    /// Octets of a user name: an address is at most 254 (RFC 5321 §4.5.3.1.3).
    package static let maximumUserOctets = 256
    /// Octets of a password.
    ///
    /// Hashing costs time by length, so that it needs a bound.
    package static let maximumPasswordOctets = 1024

    /// The name as text; `nil` when it is empty, too long, not UTF-8, or holds a control character.
    package static func user(_ octets: some Collection<UInt8>) -> String? {
        guard (1...maximumUserOctets).contains(octets.count), !octets.contains(where: ASCII.isControl) else {
            return nil
        }
        return String(validating: Array(octets), as: UTF8.self)
    }

    /// The password as it came.
    ///
    /// Not required to be UTF-8: old clients send Latin-1, and what was set with one is checked with it.
    package static func password(_ octets: some Collection<UInt8>) -> [UInt8]? {
        guard (1...maximumPasswordOctets).contains(octets.count), !octets.contains(0) else { return nil }
        return Array(octets)
    }

    /// A proof from a name and a password that came outside SASL (LOGIN of IMAP, USER and PASS of POP3): the same
    /// bounds hold.
    package static func proof(
        user: some Collection<UInt8>,
        password: some Collection<UInt8>
    ) throws(SASLFailure) -> SASLProof {
        guard let name = Self.user(user) else { throw .malformed(.badUserName) }
        guard let secret = Self.password(password) else { throw .malformed(.badPassword) }
        return .password(user: name, password: secret)
    }
}
