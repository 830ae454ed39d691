// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Takes a message apart in one pass over its lines, with a stack of what is open instead of recursion.
///
/// A line end before a delimiter belongs to the delimiter (RFC 2046 §5.1.1), unless it is the one that ends a header.
struct StructureParser {
    /// A part that is not at its end yet.
    private struct Frame {
        var header: Range<Int>
        var linesBefore: Int
        var fields: PartFields
        var mediaType: MediaType
        var kind: Kind
        var children: [MessagePart] = []
        var isMessageRoot: Bool
    }

    private enum Kind { case leaf, multipart, message }

    private let view: ByteView
    private let limits: MessageLimits
    private var reader: FieldReader
    private var boundaries: BoundaryStack
    private var frames: [Frame] = []
    private var offset = 0
    private var lines = 0
    private var parts = 0
    /// The root, once it is closed.
    private var references: [UInt8] = []
    private var hasEightBitHeader = false
    private var finished: (Envelope, MessagePart)?

    init(_ view: ByteView, limits: MessageLimits) {
        self.view = view
        self.limits = limits
        reader = FieldReader(limits: limits)
        boundaries = BoundaryStack(maximumOctets: limits.boundaryOctets)
    }

    mutating func parse() -> MessageStructure {
        openPart(isMessageRoot: true, inDigest: false)
        while let delimiter = nextDelimiter() {
            close(above: delimiter.level, at: delimiter.start)
            offset = delimiter.next
            lines += delimiter.terminated ? 1 : 0
            if delimiter.closing {
                boundaries.drop(from: delimiter.level)
            } else if parts >= limits.parts {
                reader.note(.tooManyParts)
                boundaries.drop(from: delimiter.level)
            } else {
                openPart(isMessageRoot: false, inDigest: frames.last?.mediaType.matches("multipart", "digest") ?? false)
            }
        }
        if !boundaries.isEmpty { reader.note(.unclosedMultipart) }
        while !frames.isEmpty { closeLast(at: view.count, lines: lines) }
        let (envelope, root) = finished ?? (Envelope(), Self.emptyPart)
        return MessageStructure(
            size: UInt64(view.count),
            envelope: envelope,
            root: root,
            faults: reader.faults,
            references: references,
            hasEightBitHeader: hasEightBitHeader
        )
    }

    private static let emptyPart = MessagePart(header: 0..<0, body: 0..<0, lines: 0, mediaType: .plainText)

    // MARK: Delimiters

    private struct Delimiter {
        var level: Int
        var closing: Bool
        var start: Int
        var next: Int
        var terminated: Bool
    }

    /// Passes over body lines up to the next delimiter, which stays unread; `nil` at the end.
    private mutating func nextDelimiter() -> Delimiter? {
        while offset < view.count {
            if view[offset] == UInt8(ascii: "-"), let delimiter = delimiterHere() { return delimiter }
            guard let lf = view.firstIndex(of: ASCII.lf, in: offset..<view.count) else {
                offset = view.count
                return nil
            }
            lines += 1
            offset = lf + 1
        }
        return nil
    }

    private func delimiterHere() -> Delimiter? {
        guard !boundaries.isEmpty, view[offset + 1] == UInt8(ascii: "-") else { return nil }
        let line = view.line(at: offset)
        guard let (level, closing) = boundaries.match(offset, line.end, in: view) else { return nil }
        return Delimiter(level: level, closing: closing, start: offset, next: line.next, terminated: line.terminated)
    }

    // MARK: Opening

    /// Opens the part that begins at `offset`, and what it has within itself, down to a body.
    private mutating func openPart(isMessageRoot: Bool, inDigest: Bool) {
        var root = isMessageRoot
        var digest = inDigest
        repeat {
            let header = readHeader(isMessage: root)
            hasEightBitHeader = hasEightBitHeader || view.hasEightBit(in: header)
            let fields = reader.takeFields()
            let mediaType = fields.mediaType ?? (digest ? .embeddedMessage : .plainText)
            parts += 1
            var frame = Frame(
                header: header,
                linesBefore: lines,
                fields: fields,
                mediaType: mediaType,
                kind: .leaf,
                isMessageRoot: root
            )
            frame.kind = kind(of: &frame)
            frames.append(frame)
            if frame.kind == .multipart { boundaries.push(frame.mediaType.boundary, level: frames.count - 1) }
            (root, digest) = (true, false)
        } while frames.last?.kind == .message
    }

    /// What the part can be taken apart as; where it cannot be, its type is made one of a leaf.
    private mutating func kind(of frame: inout Frame) -> Kind {
        let isEncoded =
            switch frame.fields.encoding.map({ TransferEncoding($0) }) {
            case .base64, .quotedPrintable: true
            default: false
            }
        if frame.mediaType.isMultipart {
            let boundary = frame.mediaType.boundary
            guard !boundary.isEmpty, boundary.count <= limits.boundaryOctets else {
                reader.note(.noPartInMultipart)
                frame.mediaType = .plainText
                return .leaf
            }
        } else if !frame.mediaType.isEmbeddedMessage {
            return .leaf
        } else if isEncoded {
            reader.note(.encodedMessage)
            frame.mediaType = .opaque
            return .leaf
        }
        guard frames.count + 1 < limits.depth else {
            reader.note(.tooDeep)
            frame.mediaType = .opaque
            return .leaf
        }
        guard frame.mediaType.isMultipart || parts < limits.parts else {
            reader.note(.tooManyParts)
            frame.mediaType = .opaque
            return .leaf
        }
        return frame.mediaType.isMultipart ? .multipart : .message
    }

    /// Reads fields from `offset` to behind the empty line, or to a delimiter or the end.
    ///
    /// Behind the allowed octets lines are passed over, not read.
    private mutating func readHeader(isMessage: Bool) -> Range<Int> {
        let start = offset
        while offset < view.count {
            if view[offset] == UInt8(ascii: "-"), delimiterHere() != nil { break }
            let line = view.line(at: offset)
            if line.end == offset, line.terminated {
                offset = line.next
                lines += 1
                return start..<offset
            }
            if offset - start >= limits.headerOctets {
                reader.note(.headerCut)
                pass(to: line.next)
            } else if let field = HeaderField.read(at: offset, in: view) {
                reader.read(field, in: view, isMessage: isMessage)
                pass(to: field.whole.upperBound)
            } else {
                pass(to: line.next)
            }
        }
        reader.note(.malformedHeader)
        return start..<offset
    }

    /// Counts lines up to `end` and goes on there.
    private mutating func pass(to end: Int) {
        var start = offset
        while let lf = view.firstIndex(of: ASCII.lf, in: start..<end) {
            lines += 1
            start = lf + 1
        }
        offset = end
    }

    // MARK: Closing

    /// Closes the parts within the multipart of `level`, whose delimiter begins at `start`.
    private mutating func close(above level: Int, at start: Int) {
        guard let innermost = frames.last, frames.count > level + 1 else { return }
        var end = start
        var linesAtEnd = lines
        if start > innermost.header.upperBound, view[start - 1] == ASCII.lf {
            end = start > innermost.header.upperBound + 1 && view[start - 2] == ASCII.cr ? start - 2 : start - 1
            linesAtEnd -= 1
        }
        if boundaries.hasOpen(above: level) { reader.note(.unclosedMultipart) }
        while frames.count > level + 1 { closeLast(at: end, lines: linesAtEnd) }
    }

    private mutating func closeLast(at end: Int, lines linesAtEnd: Int) {
        guard let frame = frames.popLast() else { return }
        boundaries.drop(from: frames.count)
        let part = finish(frame, at: end, lines: linesAtEnd)
        guard let parent = frames.indices.last else {
            finished = (frame.fields.envelope, part)
            references = MessageIDs.kept(of: frame.fields.references ?? [])
            return
        }
        if frame.isMessageRoot {
            embedded = (frame.fields.envelope, part)
        } else {
            frames[parent].children.append(part)
        }
    }

    /// The message root closed last: its parent is closed next.
    private var embedded: (Envelope, MessagePart)?

    private mutating func finish(_ frame: Frame, at end: Int, lines linesAtEnd: Int) -> MessagePart {
        let bodyStart = UInt64(frame.header.upperBound)
        var part = MessagePart(
            header: UInt64(frame.header.lowerBound)..<bodyStart,
            body: bodyStart..<max(bodyStart, UInt64(end)),
            lines: UInt64(max(0, linesAtEnd - frame.linesBefore)),
            mediaType: frame.mediaType,
            encoding: frame.fields.encoding,
            contentID: frame.fields.contentID,
            description: frame.fields.description,
            md5: frame.fields.md5,
            disposition: frame.fields.disposition,
            languages: frame.fields.languages,
            location: frame.fields.location
        )
        switch frame.kind {
        case .leaf: break
        case .message:
            if let (envelope, root) = embedded { part.content = .message(envelope, root) }
            embedded = nil
        case .multipart where frame.children.isEmpty:
            reader.note(.noPartInMultipart)
            part.mediaType = .plainText
        case .multipart:
            part.content = .multipart(frame.children)
        }
        return part
    }
}
