// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The tree of one message with its envelope: all that FETCH needs besides the octets themselves.
package struct MessageStructure: Sendable, Hashable {
    /// Octets of the message.
    package var size: UInt64
    package var envelope: Envelope
    /// The message as a part: `header` is the message's header, `body` what follows.
    package var root: MessagePart
    package var faults: StructureFaults
    /// The ids in References, in order: the first and the last ones of many.
    ///
    /// Empty when there are none; `nil` when that is not known, since an earlier release made the summary.
    package var references: [UInt8]?
    /// Whether a header, be it the message's, a part's or one of an embedded message, has octets above 127 (RFC 6532).
    ///
    /// `nil` when that is not known, since an earlier release made the summary.
    package var hasEightBitHeader: Bool?

    package init(
        size: UInt64,
        envelope: Envelope,
        root: MessagePart,
        faults: StructureFaults = [],
        references: [UInt8]? = nil,
        hasEightBitHeader: Bool? = nil
    ) {
        self.size = size
        self.references = references
        self.hasEightBitHeader = hasEightBitHeader
        self.envelope = envelope
        self.root = root
        self.faults = faults
    }

    /// Reads a message in one pass.
    ///
    /// Total: any bytes give a tree that agrees with what `range(of:)` answers. The bytes may be a mapped file of any
    /// size; only header values are copied.
    package init(parsing message: RawSpan, limits: MessageLimits = .standard) {
        self = message.withView { view in
            var parser = StructureParser(view, limits: limits)
            return parser.parse()
        }
    }

    package init(parsing message: [UInt8], limits: MessageLimits = .standard) {
        self = message.withView { view in
            var parser = StructureParser(view, limits: limits)
            return parser.parse()
        }
    }
}
