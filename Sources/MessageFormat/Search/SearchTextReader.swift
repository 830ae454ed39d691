// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The texts of one message that SEARCH looks into, made comparable: the one definition of what is found.
///
/// Fed with the message's octets from first to last, in pieces of any size. Memory is bounded by one header and one
/// block of text, whatever the message's size.
package struct SearchTextReader: Sendable {
    /// A text, or a piece of one, folded: no match goes beyond the texts it lies in.
    package enum Text: Sendable, Hashable {
        /// A field of the message's own header as `name: value`: for TEXT, and its value, from `value` on, for HEADER.
        case field([UInt8], value: Int)
        /// A field of a part's MIME header: for TEXT.
        case partField([UInt8])
        /// A field in the header of a message within the message: for TEXT and BODY.
        case embeddedField([UInt8])
        /// The next piece of a text part: for TEXT and BODY.
        case body([UInt8])
        /// The text part is over.
        case bodyEnd
    }

    private enum Kind { case header, partHeader, embeddedHeader, body }

    private struct Segment {
        var range: Range<UInt64>
        var kind: Kind
        var part: MessagePart?
    }

    private let segments: [Segment]
    private var current = 0
    private var position: UInt64 = 0
    private var header: [UInt8] = []
    private var decoder: PartTextDecoder?
    private var folding = SearchFolding()

    package init(_ structure: MessageStructure) {
        segments = Self.segments(of: structure.root, .header).filter { !$0.range.isEmpty }
    }

    /// The octets that are needed next; `nil` when there is nothing more to read.
    package var wanted: Range<UInt64>? {
        guard current < segments.count else { return nil }
        let range = segments[current].range
        return max(position, range.lowerBound)..<range.upperBound
    }

    /// True once the message's own header has been given out.
    package var isPastHeader: Bool { current >= segments.count || segments[current].kind != .header }

    /// Takes the octets from `offset` on; pieces must come in order.
    ///
    /// What is passed over counts as absent.
    package mutating func take(_ piece: [UInt8], at offset: UInt64) -> [Text] {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(piece.count))
        guard !overflow, offset >= position else { return [] }
        var texts: [Text] = []
        while current < segments.count {
            let segment = segments[current]
            let part = segment.range.clamped(to: offset..<end)
            if !part.isEmpty {
                if position < part.lowerBound, decoder != nil { endBody(&texts) }
                position = part.upperBound
                let octets = Array(piece[Int(part.lowerBound - offset)..<Int(part.upperBound - offset)])
                take(octets, of: segment, &texts)
            }
            guard segment.range.upperBound <= end else { break }
            finish(segment, &texts)
            current += 1
        }
        position = max(position, end)
        return texts
    }

    /// Ends the message where its octets end.
    package mutating func finish() -> [Text] {
        var texts: [Text] = []
        if current < segments.count { finish(segments[current], &texts) }
        current = segments.count
        return texts
    }

    /// Headers and text bodies in the order of the message.
    private static func segments(of part: MessagePart, _ kind: Kind) -> [Segment] {
        let header = Segment(range: part.header, kind: kind)
        switch part.content {
        case .leaf where part.mediaType.matches("text"):
            return [header, Segment(range: part.body, kind: .body, part: part)]
        case .leaf: return [header]
        case .multipart(let parts): return [header] + parts.flatMap { segments(of: $0, .partHeader) }
        case .message(_, let root): return [header] + segments(of: root, .embeddedHeader)
        }
    }

    private mutating func take(_ octets: [UInt8], of segment: Segment, _ texts: inout [Text]) {
        guard let part = segment.part else {
            let room = max(0, MessageLimits.standard.headerOctets - header.count)
            header += octets.prefix(room)
            return
        }
        // Taken out while it works, so that what it holds is not copied.
        var decoder = self.decoder ?? PartTextDecoder(part)
        self.decoder = nil
        append(decoder.decode(octets), &texts)
        self.decoder = decoder
    }

    private mutating func append(_ text: String, _ texts: inout [Text]) {
        if !text.isEmpty { texts.append(.body(folding.fold(text))) }
    }

    private mutating func endBody(_ texts: inout [Text]) {
        guard var decoder else { return }
        self.decoder = nil
        append(decoder.finish(), &texts)
        texts.append(.bodyEnd)
        folding = SearchFolding()
    }

    private mutating func finish(_ segment: Segment, _ texts: inout [Text]) {
        endBody(&texts)
        guard segment.kind != .body else { return }
        let fields = HeaderFields(header)
        for field in fields {
            let name = String(decoding: header[field.name.clamped(to: 0..<header.count)], as: UTF8.self)
            let value = EncodedWord.decode(fields.unfolded(field))
            let line = SearchFolding.fold(name + ": " + value)
            switch segment.kind {
            case .header: texts.append(.field(line, value: line.count - SearchFolding.fold(value).count))
            case .partHeader: texts.append(.partField(line))
            case .embeddedHeader: texts.append(.embeddedField(line))
            case .body: break
            }
        }
        header = []
    }
}
