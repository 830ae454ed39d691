// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The protocol between a mail server and its filters ("milter", version 6), as values: commands to a filter, replies of
// it, and the header fields of a message as a filter numbers them.
//
// It has no RFC; the C library libmilter defines it. A packet is a length of four octets (network order), one octet that
// says what it is, and the rest.
//
// Invariants:
// - What a filter sends is read by a total parser: it may be anything, and what is not understood is an error, never a
//   trap.
// - No header field that a filter makes can end its line: what comes of it is one field, however it was written.

/// Why octets of a filter are no reply.
package enum MilterSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A packet of this many octets: none, or more than `MilterReplyReader.maximumOctets`.
    case length(UInt32)
    /// No reply begins with this octet.
    case unknown(UInt8)
    /// The reply that begins with this octet is not whole, or holds what it may not.
    case payload(UInt8)

    package var description: String {
        switch self {
        case .length(let length): "a packet of \(length) octets"
        case .unknown(let kind): "a packet of unknown kind \(kind)"
        case .payload(let kind): "a malformed packet of kind \(Character(Unicode.Scalar(kind)))"
        }
    }
}
