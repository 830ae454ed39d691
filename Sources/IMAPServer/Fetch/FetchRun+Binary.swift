// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// Octets of a part without its transfer encoding.
struct DecodedRange {
    /// The part as it is stored.
    var body: Range<UInt64>
    var decoder: TransferDecoder
    /// Which of the decoded octets.
    var wanted: Range<UInt64>
}

// BINARY, BINARY.SIZE (RFC 9051 §6.4.5.1, RFC 3516 §4.2, §4.3).
extension FetchRun {
    mutating func binary(
        _ part: [UInt32],
        _ partial: Partial?,
        _ entry: MessageEntry,
        _ held: UInt64
    ) async throws(MailStoreError) -> FetchContent {
        guard let found = try await body(of: part, entry) else { return .absent }
        guard let decoder = found.decoder else { return .undecodable }
        if found.isIdentity { return try await octets(partial?.cut(found.range) ?? found.range, entry, held) }
        let length = found.range.upperBound - found.range.lowerBound
        guard length <= Self.heldOctets, held <= Self.heldOctets - length else {
            let count = try await decodedCount(found.range, decoder, entry)
            let wanted = partial?.cut(0..<count) ?? 0..<count
            return .decoded(DecodedRange(body: found.range, decoder: decoder, wanted: wanted))
        }
        var (reader, decoded) = (decoder, [UInt8]())
        reader.decode(try await read(found.range, entry), into: &decoded)
        reader.finish(into: &decoded)
        guard let partial else { return .octets(decoded) }
        let cut = partial.cut(0..<UInt64(decoded.count))
        return .octets(Array(decoded[Int(cut.lowerBound)..<Int(cut.upperBound)]))
    }

    mutating func binarySize(_ part: [UInt32], _ entry: MessageEntry) async throws(MailStoreError) -> FetchContent {
        // RFC 9051 §7.5.2 has no NIL here: what is not there has no octets.
        guard let found = try await body(of: part, entry) else { return .decodedCount(0) }
        guard let decoder = found.decoder else { return .undecodable }
        if found.isIdentity { return .decodedCount(found.range.upperBound - found.range.lowerBound) }
        return .decodedCount(try await decodedCount(found.range, decoder, entry))
    }

    private struct Body {
        var range: Range<UInt64>
        var decoder: TransferDecoder?
        var isIdentity: Bool
    }

    /// Where a part is, and how it is read; `nil` when there is none.
    private func body(of path: [UInt32], _ entry: MessageEntry) async throws(MailStoreError) -> Body? {
        guard !path.isEmpty else { return Body(range: 0..<entry.size, decoder: .identity, isIdentity: true) }
        guard let part = try await session.structure(of: entry).part(at: path) else { return nil }
        let isIdentity = if case .leaf = part.content { part.transferEncoding == .identity } else { true }
        return Body(range: part.body.clamped(to: 0..<entry.size), decoder: part.contentDecoder, isIdentity: isIdentity)
    }

    private mutating func decodedCount(
        _ range: Range<UInt64>,
        _ decoder: TransferDecoder,
        _ entry: MessageEntry
    ) async throws(MailStoreError) -> UInt64 {
        var (decoder, count) = (decoder, UInt64(0))
        var start = range.lowerBound
        while start < range.upperBound {
            let end = start + min(IMAPSession.pieceOctets, range.upperBound - start)
            var decoded: [UInt8] = []
            decoder.decode(try await read(start..<end, entry), into: &decoded)
            count += UInt64(decoded.count)
            start = end
        }
        var rest: [UInt8] = []
        decoder.finish(into: &rest)
        return count + UInt64(rest.count)
    }

    /// Sends octets as they are read and decoded; as many as were counted, whatever is read now.
    ///
    /// What is lost of them was noted when they were counted.
    mutating func stream(_ item: FetchItem, _ entry: MessageEntry, _ range: DecodedRange) async throws {
        name(item)
        encoder.space()
        encoder.literal8Header(count: range.wanted.upperBound - range.wanted.lowerBound)
        try await sendEncoded()
        var decoder = range.decoder
        var (start, place) = (range.body.lowerBound, UInt64(0))
        while start < range.body.upperBound, place < range.wanted.upperBound {
            let end = start + min(IMAPSession.pieceOctets, range.body.upperBound - start)
            let piece = try await filled(entry, start..<end)
            var decoded: [UInt8] = []
            decoder.decode(piece.bytes, into: &decoded)
            if end == range.body.upperBound { decoder.finish(into: &decoded) }
            try await send(decoded, at: place, of: range.wanted)
            place += UInt64(decoded.count)
            start = end
        }
        guard place < range.wanted.upperBound else { return }
        let missing = max(place, range.wanted.lowerBound)..<range.wanted.upperBound
        try await session.connection.send(Filler.octets(Int(clamping: missing.upperBound - missing.lowerBound)))
    }

    private func send(_ decoded: [UInt8], at place: UInt64, of wanted: Range<UInt64>) async throws {
        let here = wanted.clamped(to: place..<place + UInt64(decoded.count))
        guard !here.isEmpty else { return }
        try await session.connection.send(Array(decoded[Int(here.lowerBound - place)..<Int(here.upperBound - place)]))
    }
}
