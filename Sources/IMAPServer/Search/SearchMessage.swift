// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// One message as SEARCH looks at it; what was read is kept for the next criterion.
struct SearchMessage {
    let session: IMAPSession
    let entry: MessageEntry
    private var header: HeaderFields?

    /// How much of a header is looked at.
    private static let headerOctets: UInt64 = 1 << 20
    /// How much of each text part is looked at.
    private static let partOctets: UInt64 = 16 << 20

    init(session: IMAPSession, entry: MessageEntry) {
        self.session = session
        self.entry = entry
    }

    mutating func hasHeader(_ name: String, _ value: SearchText) async throws -> Bool {
        let fields = try await headerFields()
        return fields.values(of: name).contains { SearchText(EncodedWord.decode($0)).contains(value) }
    }

    func sentDate() async throws -> CalendarDate? {
        try await session.structure(of: entry).envelope.sentDate.map { CalendarDate(of: $0) }
    }

    mutating func hasText(_ value: SearchText) async throws -> Bool {
        for field in try await headerFields() {
            let fields = try await headerFields()
            let line =
                String(decoding: fields.bytes[field.name], as: UTF8.self) + ": "
                + EncodedWord.decode(fields.unfolded(field))
            if SearchText(line).contains(value) { return true }
        }
        return try await hasBody(value)
    }

    /// Looks into the text parts, decoded, at any depth, and into the headers of messages in the message.
    func hasBody(_ value: SearchText) async throws -> Bool {
        var waiting = [try await session.structure(of: entry).root]
        while let part = waiting.popLast() {
            switch part.content {
            case .multipart(let parts): waiting += parts.reversed()
            case .message(_, let root):
                if try await contains(value, root.header, nil) { return true }
                waiting.append(root)
            case .leaf where part.mediaType.matches("text"):
                if try await contains(value, part.body, part) { return true }
            case .leaf: continue
            }
        }
        return false
    }

    private func contains(_ value: SearchText, _ range: Range<UInt64>, _ part: MessagePart?) async throws -> Bool {
        let end = range.lowerBound + min(range.upperBound - range.lowerBound, Self.partOctets)
        let octets = try await session.octets(of: entry, range.lowerBound..<end).bytes
        guard let part else { return SearchText(EncodedWord.decode(octets)).contains(value) }
        let charset = part.mediaType.parameters.value(of: "charset") ?? []
        return SearchText(Charset.text(Self.decoded(octets, part.transferEncoding), charset: charset)).contains(value)
    }

    private static func decoded(_ octets: [UInt8], _ encoding: TransferEncoding) -> [UInt8] {
        switch encoding {
        case .identity, .unknown: octets
        case .base64: Base64Decoder.decode(octets)
        case .quotedPrintable: QuotedPrintableDecoder.decode(octets)
        }
    }

    private mutating func headerFields() async throws -> HeaderFields {
        if let header { return header }
        let range = try await session.structure(of: entry).root.header
        let end = range.lowerBound + min(range.upperBound - range.lowerBound, Self.headerOctets)
        let read = HeaderFields(try await session.octets(of: entry, range.lowerBound..<end).bytes)
        header = read
        return read
    }
}
