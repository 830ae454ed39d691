// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// How the writer of an mbox kept lines of messages that begin with `From ` apart from separators.
package enum MboxQuoting: String, Sendable, CaseIterable {
    /// `>` in front of every line of the form `>*From `; the default, and the only one that loses nothing.
    case rd = "mboxrd"
    /// `>` in front of `From ` only, so that a `>From ` of the message itself loses its mark on the way back.
    case o = "mboxo"
    /// As mboxo, with a Content-Length field, which counts where it is right.
    case cl = "mboxcl"
    /// No marks at all: Content-Length alone says where a message ends.
    case cl2 = "mboxcl2"

    /// Longest run of `>` that is looked at.
    static let maximumMarks = 1000
}

/// What a parser of an mbox met.
package enum MboxEvent: Sendable, Hashable {
    /// A message begins; its separator begins at `offset` of the file.
    case begin(MboxSeparator, offset: UInt64)
    /// Octets of the message, with canonical line ends.
    case octets([UInt8])
    /// The message is whole.
    case end(MboxMetadata)
}

/// Oddities in an mbox; none of them ends the reading.
package struct MboxFindings: Sendable, Hashable {
    /// Separators whose date cannot be read; what follows them looks like a header.
    package var brokenSeparators = 0
    /// Separators without the empty line before them.
    package var missingEmptyLines = 0
    /// Octets before the first separator.
    package var skippedOctets: UInt64 = 0
    /// Content-Length fields that do not lead to the next separator.
    package var wrongLengths = 0

    package init() {}
}

/// Takes an mbox apart (RFC 4155 and what programs do), in whatever pieces it comes and in bounded memory.
///
/// Any octets may be given.
package struct MboxParser: Sendable {
    private enum Place { case before, header, body }

    /// Lines longer than this are handled in pieces; a separator is shorter.
    private static let pieceOctets = 64 << 10
    /// Values of metadata fields are cut here.
    private static let maximumValueOctets = 16 << 10

    package private(set) var findings = MboxFindings()

    private let quoting: MboxQuoting
    private let isSeparator: @Sendable (UInt64) -> Bool

    /// Where the line that is being read begins.
    private var lineOffset: UInt64
    private var line: [UInt8] = []
    private var lineOctets: UInt64 = 0
    /// A piece of the line has been handled.
    private var isContinued = false

    private var place = Place.before
    private var metadata = MboxMetadata()
    private var mark: MboxMetadata.Mark?
    /// Only metadata fields so far: the mark counts here.
    private var isAtTop = false
    private var field: (name: [UInt8], value: [UInt8])?
    /// The last line was empty; it is the message's own when another line follows it.
    private var heldLineEnd: [UInt8]?
    private var afterEmptyLine = false
    /// A `From ` line without date after an empty line: what follows it decides.
    private var doubtful: (line: [UInt8], offset: UInt64)?
    private var contentLength: UInt64?
    /// Octets of a body that must not be searched for separators.
    private var counted: UInt64 = 0

    private var output: [UInt8] = []
    private var emitted: UInt64 = 0

    /// - Parameters:
    ///   - offset: of the first octet that is fed, in the file.
    ///   - isSeparator: whether a separator, or an empty line and a separator, or the end of the file is at an offset;
    ///     asked for mboxcl and mboxcl2 only.
    package init(
        quoting: MboxQuoting = .rd,
        offset: UInt64 = 0,
        isSeparator: @escaping @Sendable (UInt64) -> Bool = { _ in false }
    ) {
        self.quoting = quoting
        self.isSeparator = isSeparator
        lineOffset = offset
    }

    // MARK: Lines

    package mutating func feed(_ bytes: [UInt8], into events: inout [MboxEvent]) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: ASCII.lf) {
            lineOctets += UInt64(end + 1 - rest.startIndex)
            if line.isEmpty {
                take(rest[..<end], hasEnd: true, &events)
            } else {
                line += rest[..<end]
                let whole = line
                line = []
                take(whole[...], hasEnd: true, &events)
            }
            rest = rest[(end + 1)...]
            lineOffset += lineOctets
            (lineOctets, isContinued) = (0, false)
        }
        line += rest
        lineOctets += UInt64(rest.count)
        guard line.count > Self.pieceOctets else { return }
        // A CR at the end may belong to the line's end.
        let kept: [UInt8] = line.last == ASCII.cr ? [ASCII.cr] : []
        let piece = line.dropLast(kept.count)
        line = kept
        take(piece, hasEnd: false, &events)
        isContinued = true
    }

    /// The file ends here.
    package mutating func finish(into events: inout [MboxEvent]) {
        if !line.isEmpty {
            let last = line
            line = []
            take(last[...], hasEnd: true, &events)
        }
        if let doubtful, place != .before { emitText(doubtful.line[...]) }
        doubtful = nil
        endMessage(&events)
        place = .before
    }

    private mutating func take(_ text: ArraySlice<UInt8>, hasEnd: Bool, _ events: inout [MboxEvent]) {
        if !isContinued, beginsMessage(text, hasEnd: hasEnd, &events) { return }
        switch place {
        case .before: findings.skippedOctets += text.contains { !ASCII.isControl($0) } ? UInt64(text.count) : 0
        case .header where !isContinued && mark == nil: takeHeader(text, hasEnd: hasEnd)
        case .header, .body: takeText(text, hasEnd: hasEnd)
        }
        if output.count >= Self.pieceOctets { flush(keeping: 2, &events) }
    }

    /// Whether the line is a separator, or may be one.
    private mutating func beginsMessage(
        _ text: ArraySlice<UInt8>,
        hasEnd: Bool,
        _ events: inout [MboxEvent]
    ) -> Bool {
        if let (line, offset) = doubtful {
            doubtful = nil
            if Self.looksLikeField(text) {
                findings.brokenSeparators += 1
                begin(MboxSeparator(date: nil), offset, &events)
            } else if place == .before {
                findings.skippedOctets += UInt64(line.count)
            } else {
                emitText(line[...])
            }
        }
        let isCounted = counted > 0
        counted -= min(counted, UInt64(text.count) + 1)
        guard hasEnd, text.first == UInt8(ascii: "F"), text.starts(with: MboxSeparator.prefix),
            !isCounted || quoting == .cl,
            let separator = MboxSeparator(parsing: text)
        else { return false }
        guard separator.date != nil else {
            guard place == .before || afterEmptyLine, !isCounted else { return false }
            doubtful = (Array(text), lineOffset)
            return true
        }
        if isCounted { findings.wrongLengths += 1 }
        if place != .before, !afterEmptyLine { findings.missingEmptyLines += 1 }
        begin(separator, lineOffset, &events)
        return true
    }

    private mutating func begin(_ separator: MboxSeparator, _ offset: UInt64, _ events: inout [MboxEvent]) {
        endMessage(&events)
        events.append(.begin(separator, offset: offset))
        place = .header
        (metadata, mark, isAtTop, field) = (MboxMetadata(), nil, true, nil)
        (heldLineEnd, afterEmptyLine, contentLength, counted) = (nil, false, nil, 0)
        (output, emitted) = ([], 0)
    }

    private mutating func endMessage(_ events: inout [MboxEvent]) {
        guard place != .before else { return }
        endField()
        // A line end that the message does not have was put behind it.
        let total = emitted + UInt64(output.count)
        if let mark, total > mark.size, total - mark.size <= 2 {
            output.removeLast(min(output.count, Int(total - mark.size)))
        }
        flush(keeping: 0, &events)
        events.append(.end(metadata))
    }

    private mutating func flush(keeping kept: Int, _ events: inout [MboxEvent]) {
        let count = output.count - kept
        guard count > 0 else { return }
        emitted += UInt64(count)
        guard kept > 0 else {
            events.append(.octets(output))
            output = []
            return
        }
        events.append(.octets(Array(output[..<count])))
        output.removeFirst(count)
    }

    // MARK: Header

    private mutating func takeHeader(_ text: ArraySlice<UInt8>, hasEnd: Bool) {
        let text = text.last == ASCII.cr ? text.dropLast() : text
        guard let first = text.first else { return endHeader() }
        if ASCII.isBlank(first), field != nil {
            let room = Self.maximumValueOctets - (field?.value.count ?? 0)
            field?.value += text.prefix(max(0, room))
            return
        }
        endField()
        if let colon = text.prefix(64).firstIndex(of: UInt8(ascii: ":")) {
            let name = text[..<colon].map(ASCII.lower)
            let value = Array(text[(colon + 1)...].drop(while: ASCII.isBlank).prefix(Self.maximumValueOctets))
            if isAtTop, name.elementsEqual("x-martlet-mbox".utf8), let found = metadata.takeMark(value) {
                // From the next line on all is the message, as it was.
                mark = found
                return
            }
            let hasLengths = quoting == .cl || quoting == .cl2
            if MboxMetadata.fieldNames.contains(name) || (hasLengths && name.elementsEqual("content-length".utf8)) {
                field = (name, value)
                return
            }
        }
        isAtTop = false
        takeText(text, hasEnd: hasEnd)
    }

    private mutating func endField() {
        guard let (name, value) = field else { return }
        field = nil
        if name.elementsEqual("x-martlet-mbox".utf8) {
            _ = metadata.takeMark(value)
        } else if name.elementsEqual("content-length".utf8) {
            contentLength = Decimal.parse(value.prefix { ASCII.isDigit($0) }, maximum: 1 << 40)
        } else {
            metadata.take(name, value)
        }
    }

    private mutating func endHeader() {
        endField()
        place = .body
        output += [ASCII.cr, ASCII.lf]
        afterEmptyLine = true
        guard let length = contentLength else { return }
        if isSeparator(lineOffset + lineOctets + length) { counted = length } else { findings.wrongLengths += 1 }
    }

    /// Whether a line is a field that messages begin with.
    private static func looksLikeField(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.prefix(64).firstIndex(of: UInt8(ascii: ":")), colon > text.startIndex else {
            return false
        }
        let name = text[..<colon].map(ASCII.lower)
        return name.starts(with: "x-".utf8) || usualFields.contains(name)
    }

    private static let usualFields: Set<[UInt8]> = Set(
        [
            "return-path", "received", "delivered-to", "date", "from", "to", "cc", "subject", "message-id",
            "mime-version", "content-type", "status", "reply-to", "sender", "envelope-to", "dkim-signature",
        ].map { Array($0.utf8) }
    )

    // MARK: Text

    private mutating func takeText(_ text: ArraySlice<UInt8>, hasEnd: Bool) {
        if !isContinued, hasEnd, text.isEmpty || (text.count == 1 && text.first == ASCII.cr) {
            if let held = heldLineEnd { output += held }
            heldLineEnd = mark?.isExact == true ? Array(text) + [ASCII.lf] : [ASCII.cr, ASCII.lf]
            afterEmptyLine = true
            return
        }
        emitText(text, hasEnd: hasEnd)
    }

    private mutating func emitText(_ text: ArraySlice<UInt8>, hasEnd: Bool = true) {
        if let held = heldLineEnd {
            output += held
            heldLineEnd = nil
        }
        afterEmptyLine = false
        output += isContinued ? text : unquoted(text)
        guard hasEnd else { return }
        if mark?.isExact == true {
            output.append(ASCII.lf)
        } else {
            if text.last == ASCII.cr { output.removeLast() }
            output += [ASCII.cr, ASCII.lf]
        }
    }

    private func unquoted(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard text.first == UInt8(ascii: ">"), place == .body || mark != nil else { return text }
        let marks: Int
        switch quoting {
        case .cl2: return text
        case .o, .cl: marks = 1
        case .rd: marks = text.prefix(MboxQuoting.maximumMarks + 1).prefix { $0 == UInt8(ascii: ">") }.count
        }
        guard marks <= MboxQuoting.maximumMarks, text.dropFirst(marks).starts(with: MboxSeparator.prefix) else {
            return text
        }
        return text.dropFirst()
    }
}
