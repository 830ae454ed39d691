// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A node of a message's tree: what BODYSTRUCTURE says of it and where its octets are.
///
/// Offsets count from the first octet of the whole message. `body` begins where `header` ends; parts within lie within
/// `body`, in order, and do not overlap. Raw values are octets of the header, unfolded, without CR, LF and NUL.
package struct MessagePart: Sendable, Hashable {
    package indirect enum Content: Sendable, Hashable {
        case leaf
        /// At least one part.
        case multipart([MessagePart])
        /// The message in a message/rfc822 or message/global part: its header and body are `body` of this part.
        case message(Envelope, MessagePart)
    }

    /// The part's header fields and the empty line that ends them (absent when the header is cut).
    package var header: Range<UInt64>
    package var body: Range<UInt64>
    /// Line feeds in `body`.
    package var lines: UInt64
    /// As BODYSTRUCTURE must say it: for multipart content always a multipart type, for a message always message/rfc822
    /// or message/global, for a leaf neither.
    package var mediaType: MediaType
    /// Content-Transfer-Encoding as written; `nil` when absent or empty, which is answered as 7BIT.
    package var encoding: [UInt8]?
    package var contentID: [UInt8]?
    package var description: [UInt8]?
    /// Content-MD5 (RFC 1864).
    package var md5: [UInt8]?
    package var disposition: ContentDisposition?
    /// Content-Language tags (RFC 3282); empty when absent.
    package var languages: [[UInt8]]
    /// Content-Location (RFC 2557).
    package var location: [UInt8]?
    package var content: Content

    package init(
        header: Range<UInt64>,
        body: Range<UInt64>,
        lines: UInt64,
        mediaType: MediaType,
        encoding: [UInt8]? = nil,
        contentID: [UInt8]? = nil,
        description: [UInt8]? = nil,
        md5: [UInt8]? = nil,
        disposition: ContentDisposition? = nil,
        languages: [[UInt8]] = [],
        location: [UInt8]? = nil,
        content: Content = .leaf
    ) {
        self.header = header
        self.body = body
        self.lines = lines
        self.mediaType = mediaType
        self.encoding = encoding
        self.contentID = contentID
        self.description = description
        self.md5 = md5
        self.disposition = disposition
        self.languages = languages
        self.location = location
        self.content = content
    }

    /// Octets of the body in its transfer encoding: `body-fld-octets`.
    package var octets: UInt64 { body.upperBound - body.lowerBound }

    /// What BODYSTRUCTURE says as `body-fld-enc`: never NIL, never empty.
    package var encodingText: [UInt8] { encoding ?? Self.sevenBit }
    private static let sevenBit = Array("7BIT".utf8)

    package var transferEncoding: TransferEncoding { encoding.map { TransferEncoding($0) } ?? .identity }

    /// The parts of a multipart; empty for anything else.
    package var children: [MessagePart] {
        if case .multipart(let parts) = content { parts } else { [] }
    }

    package var isMultipart: Bool {
        if case .multipart = content { true } else { false }
    }

    /// The message in this part with its envelope.
    package var embedded: (envelope: Envelope, root: MessagePart)? {
        if case .message(let envelope, let root) = content { (envelope, root) } else { nil }
    }

    /// True when clients would list it as an attachment: said so, or a leaf with a file name that is not inline text.
    package var isAttachment: Bool {
        if let disposition { return disposition.isAttachment }
        guard case .leaf = content else { return !isMultipart }
        return !mediaType.matches("text") && !mediaType.matches("multipart")
    }

    /// The file name for people (RFC 2183 §2.3, or the older `name` parameter).
    package var fileName: String? {
        disposition?.parameters.text(of: "filename") ?? mediaType.parameters.text(of: "name")
    }
}

/// The meaning of a Content-Transfer-Encoding (RFC 2045 §6).
package enum TransferEncoding: Sendable, Hashable {
    /// 7bit, 8bit, binary.
    case identity
    case base64
    case quotedPrintable
    /// One that is not known here: the octets stay as they are.
    case unknown

    package init(_ text: [UInt8]) {
        switch String(decoding: text.map(ASCII.lower), as: UTF8.self) {
        case "base64": self = .base64
        case "quoted-printable": self = .quotedPrintable
        case "7bit", "8bit", "binary": self = .identity
        default: self = .unknown
        }
    }
}
