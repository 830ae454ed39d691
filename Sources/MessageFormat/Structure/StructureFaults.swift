// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a parse met that was not as the RFCs have it, or beyond its limits.
///
/// For events and tests; answers are whole either way.
package struct StructureFaults: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Parts nested deeper than allowed are one opaque part each.
    package static let tooDeep = StructureFaults(rawValue: 1 << 0)
    /// Parts beyond the allowed number are left in their multipart's body, unlisted.
    package static let tooManyParts = StructureFaults(rawValue: 1 << 1)
    /// Fields behind the allowed octets of a header were not looked at, or values were cut.
    package static let headerCut = StructureFaults(rawValue: 1 << 2)
    /// Addresses beyond the allowed number are left out.
    package static let tooManyAddresses = StructureFaults(rawValue: 1 << 3)
    /// Parameters beyond the allowed number are left out.
    package static let tooManyParameters = StructureFaults(rawValue: 1 << 4)
    /// A multipart without a usable boundary, or in which no part begins, is a plain text part.
    package static let noPartInMultipart = StructureFaults(rawValue: 1 << 5)
    /// A multipart ends without its closing delimiter.
    package static let unclosedMultipart = StructureFaults(rawValue: 1 << 6)
    /// A header ends without an empty line, or has a line that is no field.
    package static let malformedHeader = StructureFaults(rawValue: 1 << 7)
    /// An embedded message under base64 or quoted-printable, or a type like it, is one opaque part.
    package static let encodedMessage = StructureFaults(rawValue: 1 << 8)
}
