// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Writes the layout of `MessageSummary`: numbers as LEB128, octet strings counted, absence as a bit or as count 0 with
/// counts moved up by one.
struct SummaryWriter {
    private var writer = ByteWriter(reserving: 512)

    var bytes: [UInt8] { writer.bytes }

    mutating func write(_ structure: MessageStructure) {
        writer.integer(Self.version(for: structure))
        writer.variableInteger(structure.size)
        writer.variableInteger(UInt64(structure.faults.rawValue))
        write(structure.envelope)
        if let references = structure.references {
            writer.counted(references)
            if let hasEightBitHeader = structure.hasEightBitHeader { writer.integer(UInt8(hasEightBitHeader ? 1 : 0)) }
        }
        write(structure.root)
    }

    private static func version(for structure: MessageStructure) -> UInt8 {
        guard structure.references != nil else { return MessageSummary.versionWithoutReferences }
        return structure.hasEightBitHeader == nil ? MessageSummary.versionWithoutHeaderText : MessageSummary.version
    }

    private mutating func write(_ envelope: Envelope) {
        for text in [envelope.date, envelope.subject, envelope.inReplyTo, envelope.messageID] { write(text) }
        for list in [
            envelope.from, envelope.sender, envelope.replyTo, envelope.to, envelope.cc, envelope.bcc,
        ] {
            writer.variableInteger(UInt64(list.count))
            for address in list {
                for text in [address.name, address.route, address.mailbox, address.host] { write(text) }
            }
        }
    }

    private mutating func write(_ part: MessagePart) {
        writer.integer(PartLayout.bits(of: part))
        writer.variableInteger(part.header.lowerBound)
        writer.variableInteger(part.header.upperBound - part.header.lowerBound)
        writer.variableInteger(part.octets)
        writer.variableInteger(part.lines)
        if part.mediaType != .plainText { write(part.mediaType) }
        for text in [part.encoding, part.contentID, part.description, part.md5, part.location] {
            if let text { writer.counted(text) }
        }
        if let disposition = part.disposition {
            writer.counted(disposition.kind)
            write(disposition.parameters)
        }
        if !part.languages.isEmpty {
            writer.variableInteger(UInt64(part.languages.count))
            for tag in part.languages { writer.counted(tag) }
        }
        switch part.content {
        case .leaf: break
        case .multipart(let parts):
            writer.variableInteger(UInt64(parts.count))
            for part in parts { write(part) }
        case .message(let envelope, let root):
            write(envelope)
            write(root)
        }
    }

    private mutating func write(_ mediaType: MediaType) {
        writer.counted(mediaType.type)
        writer.counted(mediaType.subtype)
        write(mediaType.parameters)
    }

    private mutating func write(_ parameters: ParameterList) {
        writer.variableInteger(UInt64(parameters.entries.count))
        for entry in parameters.entries {
            writer.counted(entry.attribute)
            writer.counted(entry.value)
        }
    }

    private mutating func write(_ text: [UInt8]?) {
        writer.variableInteger(text.map { UInt64($0.count) + 1 } ?? 0)
        writer.bytes.append(contentsOf: text ?? [])
    }
}

/// The 16 bits that open a part: two for its content, one for each value that may be absent.
enum PartLayout {
    static let multipart: UInt16 = 1
    static let message: UInt16 = 2
    static let contentMask: UInt16 = 3
    static let mediaType: UInt16 = 1 << 2
    static let encoding: UInt16 = 1 << 3
    static let contentID: UInt16 = 1 << 4
    static let description: UInt16 = 1 << 5
    static let md5: UInt16 = 1 << 6
    static let location: UInt16 = 1 << 7
    static let disposition: UInt16 = 1 << 8
    static let languages: UInt16 = 1 << 9
    static let known: UInt16 = (1 << 10) - 1

    static func bits(of part: MessagePart) -> UInt16 {
        var bits: UInt16 =
            switch part.content {
            case .leaf: 0
            case .multipart: multipart
            case .message: message
            }
        if part.mediaType != .plainText { bits |= mediaType }
        if part.encoding != nil { bits |= encoding }
        if part.contentID != nil { bits |= contentID }
        if part.description != nil { bits |= description }
        if part.md5 != nil { bits |= md5 }
        if part.location != nil { bits |= location }
        if part.disposition != nil { bits |= disposition }
        if !part.languages.isEmpty { bits |= languages }
        return bits
    }
}
