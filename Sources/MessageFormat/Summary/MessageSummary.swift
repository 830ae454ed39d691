// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What the store keeps beside a message so that FETCH and SEARCH need not read it again: the structure with its
/// envelope, in a compact binary form.
///
/// Made once, at delivery; the store guards it with a checksum.
package struct MessageSummary: Sendable, Hashable {
    package var structure: MessageStructure

    package init(structure: MessageStructure) { self.structure = structure }

    /// Parses a whole message (see `MessageStructure`).
    package init(parsing message: RawSpan) { structure = MessageStructure(parsing: message) }

    package init(parsing message: [UInt8]) { structure = MessageStructure(parsing: message) }

    package var envelope: Envelope { structure.envelope }
    package var root: MessagePart { structure.root }

    /// First octet of the encoding.
    ///
    /// Another number is another layout: `decode` then answers `nil` and the caller parses the message again. Version 1
    /// is read too, which has no references, and version 2, which does not say what octets headers have.
    static let version: UInt8 = 3
    static let versionWithoutHeaderText: UInt8 = 2
    static let versionWithoutReferences: UInt8 = 1
    /// All that are read.
    static let versions = versionWithoutReferences...version

    package func encode() -> [UInt8] {
        var writer = SummaryWriter()
        writer.write(structure)
        return writer.bytes
    }

    /// Reads what `encode` wrote.
    ///
    /// `nil` for anything else: cut, damaged, of another version, or a tree that is not consistent.
    package static func decode(_ bytes: [UInt8]) -> MessageSummary? {
        var reader = SummaryReader(bytes)
        return reader.read().map(MessageSummary.init(structure:))
    }
}
