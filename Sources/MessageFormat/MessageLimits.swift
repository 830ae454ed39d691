// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Bounds of one parse.
///
/// What lies beyond them stays in the message, is answered as opaque octets, and is noted in `StructureFaults`; nothing
/// is refused.
package struct MessageLimits: Sendable, Hashable {
    /// Parts within parts.
    ///
    /// Real mail stays under 20; an MUA recurses once a level.
    package var depth = 100
    /// Parts of one message, embedded messages included.
    package var parts = 10_000
    /// Octets of one header whose fields are looked at.
    ///
    /// Headers may be longer, their ends are found all the same.
    package var headerOctets = 1 << 20
    /// Octets of field values that are kept in memory and in the summary, over the whole message.
    package var retainedOctets = 2 << 20
    /// Octets of one unstructured value (Subject, Message-ID): 64 KiB is what clients were seen to survive.
    package var fieldOctets = 64 << 10
    /// Addresses (and group marks) of one message.
    package var addresses = 10_000
    /// Parameters of one Content-Type or Content-Disposition.
    package var parameters = 128
    /// Octets of a boundary.
    ///
    /// RFC 2046 §5.1.1 allows 70; longer ones are in circulation.
    package var boundaryOctets = 8_192

    package init() {}

    package static let standard = MessageLimits()
}
