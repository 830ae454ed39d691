// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What becomes of a message with 8-bit data and a DKIM signature where the server has no 8BITMIME: what RFC 6152 §3
/// asks for voids the signature (RFC 6376 §5.3), and what keeps the signature RFC 6152 forbids.
package enum SignedEightBit: String, Sendable, Hashable, CaseIterable {
    /// It goes as 7-bit data, and counts as unsigned where it arrives.
    case convert
    /// It goes as it is, to a server that has not said that it can keep the eighth bit.
    case asIs = "as-is"
    /// It goes to no such server; when no other is left it comes back.
    case giveBack = "return"
}
