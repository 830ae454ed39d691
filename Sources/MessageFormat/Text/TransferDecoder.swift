// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Takes the transfer encoding off a body, piece by piece (RFC 2045 §6).
package struct TransferDecoder: Sendable {
    private enum Kind: Sendable {
        case identity
        case base64(Base64Decoder)
        case quotedPrintable(QuotedPrintableDecoder)
    }

    private var kind: Kind

    /// `nil` for an encoding that is not known here.
    package init?(_ encoding: TransferEncoding) {
        switch encoding {
        case .identity: kind = .identity
        case .base64: kind = .base64(Base64Decoder())
        case .quotedPrintable: kind = .quotedPrintable(QuotedPrintableDecoder())
        case .unknown: return nil
        }
    }

    /// Leaves everything as it is.
    package static let identity = TransferDecoder(kind: .identity)

    private init(kind: Kind) { self.kind = kind }

    package mutating func decode(_ piece: [UInt8], into output: inout [UInt8]) {
        switch kind {
        case .identity: output += piece
        case .base64(var decoder):
            decoder.decode(piece, into: &output)
            kind = .base64(decoder)
        case .quotedPrintable(var decoder):
            decoder.decode(piece, into: &output)
            kind = .quotedPrintable(decoder)
        }
    }

    /// What was held back, once all pieces are there.
    package mutating func finish(into output: inout [UInt8]) {
        switch kind {
        case .identity: break
        case .base64(var decoder): decoder.finish(into: &output)
        case .quotedPrintable(var decoder): decoder.finish(into: &output)
        }
        kind = .identity
    }
}

extension MessagePart {
    /// How its octets are read: what has parts of its own is never encoded (RFC 2045 §6.4).
    package var contentDecoder: TransferDecoder? {
        if case .leaf = content { TransferDecoder(transferEncoding) } else { .identity }
    }
}
