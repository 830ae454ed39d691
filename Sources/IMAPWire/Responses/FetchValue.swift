// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// One data item of a FETCH response (RFC 9051 §7.5.2).
package enum FetchValue: Hashable, Sendable {
    /// A part without its transfer encoding.
    case binary([UInt32], origin: UInt64?, [UInt8]?)
    case binarySize([UInt32], UInt64)
    case bodyStructure(BodyStructureValue, isExtensible: Bool)
    /// RFC 8474 §5.1.
    case emailID(String)
    case envelope(EnvelopeValue)
    case flags([String])
    case internalDate(MailDate)
    /// RFC 7162 §3.1.4.2.
    case modSeq(ModSeq)
    /// RFC822, RFC822.HEADER and RFC822.TEXT, by that name.
    case legacy(String, [UInt8]?)
    /// Its first words in UTF-8 (RFC 8970 §3.1).
    case preview([UInt8]?)
    case saveDate(MailDate?)
    case section(SectionSpecifier, origin: UInt64?, [UInt8]?)
    case size(UInt64)
    /// RFC 8474 §5.2; `nil` where NIL stands.
    case threadID(String?)
    case uid(UID)
}

/// An ENVELOPE as it stands on the wire (RFC 9051 §7.5.2).
///
/// Addresses are `nil` where NIL stands.
package struct EnvelopeValue: Hashable, Sendable {
    package struct Address: Hashable, Sendable {
        package var name: [UInt8]?
        package var route: [UInt8]?
        package var mailbox: [UInt8]?
        package var host: [UInt8]?
    }

    package var date: [UInt8]?
    package var subject: [UInt8]?
    package var from: [Address]?
    package var sender: [Address]?
    package var replyTo: [Address]?
    package var to: [Address]?
    package var cc: [Address]?
    package var bcc: [Address]?
    package var inReplyTo: [UInt8]?
    package var messageID: [UInt8]?
}

/// A BODY or BODYSTRUCTURE as it stands on the wire (RFC 9051 §7.5.2).
package indirect enum BodyStructureValue: Hashable, Sendable {
    package struct Parameter: Hashable, Sendable {
        package var name: [UInt8]
        package var value: [UInt8]
    }

    /// What every part but a multipart has.
    package struct Fields: Hashable, Sendable {
        package var type: [UInt8]
        package var subtype: [UInt8]
        package var parameters: [Parameter]
        package var id: [UInt8]?
        package var description: [UInt8]?
        package var encoding: [UInt8]
        package var octets: UInt64
    }

    /// What BODYSTRUCTURE has and BODY has not.
    package struct Extension: Hashable, Sendable {
        package var md5: [UInt8]?
        package var disposition: [UInt8]?
        package var dispositionParameters: [Parameter]
        package var languages: [[UInt8]]
        package var location: [UInt8]?
    }

    case basic(Fields, Extension?)
    case text(Fields, lines: UInt64, Extension?)
    case message(Fields, EnvelopeValue, BodyStructureValue, lines: UInt64, Extension?)
    case multipart([BodyStructureValue], subtype: [UInt8], parameters: [Parameter], Extension?)
}
