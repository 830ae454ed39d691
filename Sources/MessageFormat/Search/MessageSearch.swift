// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Looks for several texts in one message, fed with its octets from first to last in pieces of any size.
///
/// Memory is bounded by one header and one block of text, whatever the message's size.
package struct MessageSearch: Sendable {
    package enum Scope: Sendable, Hashable {
        /// SEARCH BODY: the text of text parts, attached ones included, and no header field.
        case body
        /// SEARCH TEXT: that, and every header field, of parts and embedded messages too.
        case text
    }

    package struct Term: Sendable, Hashable {
        package var needle: SearchNeedle
        package var scope: Scope

        package init(_ needle: SearchNeedle, in scope: Scope) {
            self.needle = needle
            self.scope = scope
        }
    }

    private struct Segment {
        var range: Range<UInt64>
        /// `nil` for a header.
        var textPart: MessagePart?
    }

    /// For each term, whether it was found so far.
    package private(set) var found: [Bool]
    private let terms: [Term]
    private let segments: [Segment]
    private var current = 0
    private var header: [UInt8] = []
    private var decoder: PartTextDecoder?
    private var folding = SearchFolding()
    /// For each term, how much of it the text so far ends with.
    private var matched: [Int]

    package init(_ terms: [Term], in structure: MessageStructure) {
        self.terms = terms
        found = terms.map(\.needle.isEmpty)
        matched = terms.map { _ in 0 }
        segments = Self.segments(of: structure.root).filter { !$0.range.isEmpty }
    }

    /// True when reading on cannot change anything.
    package var isDecided: Bool { current >= segments.count || !found.contains(false) }

    /// Takes the octets of the message from `offset` on; pieces must come in order.
    ///
    /// What is passed over counts as absent.
    package mutating func take(_ piece: [UInt8], at offset: UInt64) {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(piece.count))
        guard !overflow else { return }
        while current < segments.count, !isDecided {
            let segment = segments[current]
            let part = segment.range.clamped(to: offset..<end)
            if !part.isEmpty {
                take(Array(piece[Int(part.lowerBound - offset)..<Int(part.upperBound - offset)]), of: segment)
            }
            guard segment.range.upperBound <= end else { return }
            finish(segment)
            current += 1
        }
    }

    /// Ends the search where the octets end, and says for each term whether it was found.
    package mutating func finish() -> [Bool] {
        if current < segments.count { finish(segments[current]) }
        current = segments.count
        return found
    }

    /// Headers and text bodies in the order of the message.
    private static func segments(of part: MessagePart) -> [Segment] {
        let header = Segment(range: part.header)
        switch part.content {
        case .leaf where part.mediaType.matches("text"): return [header, Segment(range: part.body, textPart: part)]
        case .leaf: return [header]
        case .multipart(let parts): return [header] + parts.flatMap(segments)
        case .message(_, let root): return [header] + segments(of: root)
        }
    }

    private mutating func take(_ octets: [UInt8], of segment: Segment) {
        guard let part = segment.textPart else {
            let room = max(0, MessageLimits.standard.headerOctets - header.count)
            header += octets.prefix(room)
            return
        }
        var decoder = self.decoder ?? PartTextDecoder(part)
        let text = decoder.decode(octets)
        self.decoder = decoder
        look(at: text)
    }

    private mutating func finish(_ segment: Segment) {
        if var decoder {
            look(at: decoder.finish())
        } else if segment.textPart == nil {
            lookAtHeader()
        }
        (decoder, header, folding) = (nil, [], SearchFolding())
        matched = terms.map { _ in 0 }
    }

    private mutating func lookAtHeader() {
        let fields = HeaderFields(header)
        for field in fields where terms.indices.contains(where: { !found[$0] && terms[$0].scope == .text }) {
            let name = String(decoding: header[field.name.clamped(to: 0..<header.count)], as: UTF8.self)
            let line = SearchFolding.fold(name + ": " + EncodedWord.decode(fields.unfolded(field)))
            for index in terms.indices where !found[index] && terms[index].scope == .text {
                found[index] = terms[index].needle.isFound(inFolded: line)
            }
        }
    }

    private mutating func look(at text: String) {
        guard !text.isEmpty else { return }
        let folded = folding.fold(text)
        for index in terms.indices where !found[index] {
            found[index] = terms[index].needle.advance(&matched[index], over: folded)
        }
    }
}

extension MessageSearch {
    /// Searches a message that is at hand as a whole.
    package static func find(_ terms: [Term], in structure: MessageStructure, of message: [UInt8]) -> [Bool] {
        var search = MessageSearch(terms, in: structure)
        search.take(message, at: 0)
        return search.finish()
    }
}
