// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A CR or LF that is not part of a CR LF.
///
/// RFC 5321 §2.3.8 forbids both, and a server that takes one for a line end can be made to read one message as two.
package struct BareNewline: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case carriageReturn = "CR"
        case lineFeed = "LF"
    }

    package var kind: Kind
    /// Octets of message data before it, counted as they were sent.
    package var offset: UInt64

    package init(kind: Kind, offset: UInt64) {
        self.kind = kind
        self.offset = offset
    }
}

/// What becomes of a CR or LF on its own.
package enum BareNewlineTreatment: Sendable, Hashable {
    /// It stays in the data as it is; the caller decides.
    case keep
    /// A bare LF becomes CR LF, a bare CR becomes a space. On reading, neither makes what follows a line start, so that
    /// no dot behind it is undone and none can end the data.
    case normalize
}
