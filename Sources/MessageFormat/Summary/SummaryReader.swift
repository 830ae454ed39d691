// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Reads the layout of `MessageSummary` from bytes that may be anything, within the same bounds a parse has.
struct SummaryReader {
    private var reader: ByteReader
    private let limits = MessageLimits.standard
    private var parts = 0
    private var addresses = 0

    init(_ bytes: [UInt8]) { reader = ByteReader(bytes) }

    mutating func read() -> MessageStructure? {
        do throws(ByteReaderError) { return try structure() } catch { return nil }
    }

    private mutating func structure() throws(ByteReaderError) -> MessageStructure {
        let version = try reader.integer(UInt8.self)
        guard MessageSummary.versions.contains(version) else { throw inconsistent }
        let size = try reader.variableInteger()
        let faults = StructureFaults(rawValue: UInt32(truncatingIfNeeded: try reader.variableInteger()))
        let envelope = try envelope()
        let references = version > MessageSummary.versionWithoutReferences ? Array(try reader.counted()) : nil
        let hasEightBitHeader = version > MessageSummary.versionWithoutHeaderText ? try bit() : nil
        let root = try part(within: 0..<size, depth: 1)
        guard reader.remaining == 0, root.header.lowerBound == 0, root.body.upperBound == size else {
            throw inconsistent
        }
        return MessageStructure(
            size: size,
            envelope: envelope,
            root: root,
            faults: faults,
            references: references,
            hasEightBitHeader: hasEightBitHeader
        )
    }

    private mutating func bit() throws(ByteReaderError) -> Bool {
        let bit = try reader.integer(UInt8.self)
        guard bit <= 1 else { throw inconsistent }
        return bit == 1
    }

    private var inconsistent: ByteReaderError { ByteReaderError(offset: reader.offset) }

    private mutating func envelope() throws(ByteReaderError) -> Envelope {
        var envelope = Envelope()
        envelope.date = try text()
        envelope.subject = try text()
        envelope.inReplyTo = try text()
        envelope.messageID = try text()
        envelope.from = try addressList()
        envelope.sender = try addressList()
        envelope.replyTo = try addressList()
        envelope.to = try addressList()
        envelope.cc = try addressList()
        envelope.bcc = try addressList()
        return envelope
    }

    private mutating func addressList() throws(ByteReaderError) -> [EnvelopeAddress] {
        let count = try count(maximum: limits.addresses * 2 - addresses)
        addresses += count
        var list: [EnvelopeAddress] = []
        for _ in 0..<count {
            list.append(
                EnvelopeAddress(name: try text(), route: try text(), mailbox: try text(), host: try text())
            )
        }
        return list
    }

    private mutating func part(within outer: Range<UInt64>, depth: Int) throws(ByteReaderError) -> MessagePart {
        parts += 1
        guard depth <= limits.depth, parts <= limits.parts else { throw inconsistent }
        let bits = try reader.integer(UInt16.self)
        guard bits & ~PartLayout.known == 0 else { throw inconsistent }
        let header = try range(from: try reader.variableInteger(), within: outer)
        let body = try range(from: header.upperBound, within: outer)
        let lines = try reader.variableInteger()
        let mediaType = bits & PartLayout.mediaType != 0 ? try mediaType() : .plainText
        guard lines <= body.upperBound - body.lowerBound else { throw inconsistent }
        var part = MessagePart(header: header, body: body, lines: lines, mediaType: mediaType)
        try readValues(of: &part, bits)
        try readContent(of: &part, bits & PartLayout.contentMask, depth: depth)
        return part
    }

    private mutating func range(from start: UInt64, within outer: Range<UInt64>) throws(ByteReaderError) -> Range<
        UInt64
    > {
        let length = try reader.variableInteger()
        let (end, overflow) = start.addingReportingOverflow(length)
        guard !overflow, start >= outer.lowerBound, end <= outer.upperBound else { throw inconsistent }
        return start..<end
    }

    private mutating func readValues(of part: inout MessagePart, _ bits: UInt16) throws(ByteReaderError) {
        if bits & PartLayout.encoding != 0 { part.encoding = Array(try reader.counted()) }
        if bits & PartLayout.contentID != 0 { part.contentID = Array(try reader.counted()) }
        if bits & PartLayout.description != 0 { part.description = Array(try reader.counted()) }
        if bits & PartLayout.md5 != 0 { part.md5 = Array(try reader.counted()) }
        if bits & PartLayout.location != 0 { part.location = Array(try reader.counted()) }
        if bits & PartLayout.disposition != 0 {
            part.disposition = ContentDisposition(kind: Array(try reader.counted()), parameters: try parameters())
        }
        if bits & PartLayout.languages != 0 {
            for _ in 0..<(try count(maximum: limits.parameters)) { part.languages.append(Array(try reader.counted())) }
        }
    }

    private mutating func readContent(
        of part: inout MessagePart,
        _ content: UInt16,
        depth: Int
    ) throws(ByteReaderError) {
        switch content {
        case PartLayout.multipart:
            let count = try count(maximum: limits.parts)
            guard count > 0, part.mediaType.isMultipart else { throw inconsistent }
            var children: [MessagePart] = []
            var rest = part.body
            for _ in 0..<count {
                let child = try self.part(within: rest, depth: depth + 1)
                rest = child.body.upperBound..<rest.upperBound
                children.append(child)
            }
            part.content = .multipart(children)
        case PartLayout.message:
            guard part.mediaType.isEmbeddedMessage else { throw inconsistent }
            part.content = .message(try envelope(), try self.part(within: part.body, depth: depth + 1))
        default:
            guard content == 0, !part.mediaType.isMultipart, !part.mediaType.isEmbeddedMessage else {
                throw inconsistent
            }
        }
    }

    private mutating func mediaType() throws(ByteReaderError) -> MediaType {
        MediaType(
            type: Array(try reader.counted()),
            subtype: Array(try reader.counted()),
            parameters: try parameters()
        )
    }

    private mutating func parameters() throws(ByteReaderError) -> ParameterList {
        var entries: [MediaParameter] = []
        for _ in 0..<(try count(maximum: limits.parameters)) {
            entries.append(
                MediaParameter(attribute: Array(try reader.counted()), value: Array(try reader.counted()))
            )
        }
        return ParameterList(entries)
    }

    private mutating func text() throws(ByteReaderError) -> [UInt8]? {
        let length = try reader.variableInteger()
        guard length > 0 else { return nil }
        guard let count = Int(exactly: length - 1) else { throw inconsistent }
        return Array(try reader.take(count))
    }

    private mutating func count(maximum: Int) throws(ByteReaderError) -> Int {
        let number = try reader.variableInteger()
        guard let count = Int(exactly: number), count <= maximum else { throw inconsistent }
        return count
    }
}
