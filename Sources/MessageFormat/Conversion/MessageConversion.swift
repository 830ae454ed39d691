// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A message, its parts re-encoded so that it may go where 8bit or binary data may not (RFC 6152 §3, RFC 3030 §3).
///
/// Only what must change does: bodies of parts that hold such octets become quoted-printable, where they are text that
/// stays near to readable, or else base64, and decode to the same octets. Everything else is copied.
package struct MessageConversion: Sendable {
    package enum Target: Sendable, Hashable {
        /// A server without 8BITMIME.
        case sevenBit
        /// A server with 8BITMIME and without BINARYMIME.
        case eightBit
    }

    /// Why a message cannot be converted (`5.6.3`).
    package enum Refusal: Error, Sendable, Hashable {
        /// The octets are in a signed or encrypted part: a change would break it (RFC 1847 §2.1). Or all of it is
        /// signed, and is to stay so: any change breaks a DKIM signature (RFC 6376 §5.3).
        case signed
        /// The octets are in a header, or outside the parts of a multipart.
        case outsideBodies
        /// The octets are in a part whose type or encoding allows none (RFC 2046 §5.2, RFC 2045 §6.4).
        case unencodable
        /// The message is larger than `maximumOctets`, or of more parts than are looked at.
        case tooLarge
    }

    /// A conversion holds the message in memory.
    package static let maximumOctets = 64 << 20

    enum Segment: Sendable, Hashable {
        case copy(Range<Int>)
        case insert([UInt8])
        case base64(Range<Int>)
        case quotedPrintable(Range<Int>)
    }

    let octets: [UInt8]
    private(set) var segments: [Segment] = []
    private let target: Target
    /// How far `segments` reach into `octets`.
    private var done = 0
    /// Octets of the result, near enough for SIZE (RFC 1870 §6.1).
    package private(set) var estimatedOctets: UInt64 = 0
    /// The message has a DKIM signature, which does not hold for the result.
    package private(set) var breaksSignature = false

    /// - Parameter breakingSignature: whether a message with a DKIM signature is converted all the same. What is in a
    ///   signed or encrypted part never is.
    package init(_ octets: [UInt8], for target: Target, breakingSignature: Bool = false) throws(Refusal) {
        guard octets.count <= Self.maximumOctets else { throw .tooLarge }
        self.octets = octets
        self.target = target
        let structure = MessageStructure(parsing: octets)
        guard structure.faults.isDisjoint(with: [.tooDeep, .tooManyParts, .headerCut]) else { throw .tooLarge }
        let header = HeaderFields(Array(octets[range(structure.root.header)]))
        breaksSignature = !header.values(of: "DKIM-Signature").isEmpty
        guard !breaksSignature || breakingSignature else { throw .signed }
        try convert(structure.root, isRoot: true)
        try pass(to: octets.count)
        estimatedOctets = segments.reduce(0) { $0 &+ UInt64(clamping: estimate($1)) }
    }

    // MARK: The tree

    private mutating func convert(_ part: MessagePart, isRoot: Bool) throws(Refusal) {
        let body = range(part.body)
        let facts = ContentFacts(ofBody: body, in: octets)
        guard mustChange(facts) || (wantsChange(facts) && isLeaf(part)) else { return }
        if isProtected(part) { throw .signed }
        switch part.content {
        case .leaf:
            let coding = try coding(of: part, body)
            try convertHeader(part, to: coding.name, isRoot: isRoot)
            try pass(to: body.lowerBound)
            segments.append(coding.segment)
            done = body.upperBound
        case .multipart(let children):
            try convertHeader(part, to: nil, isRoot: isRoot)
            for child in children { try convert(child, isRoot: false) }
        case .message(_, let message):
            if target == .sevenBit, part.mediaType.matches("message", "global") {
                try convertHeader(part, to: "base64", isRoot: isRoot)
                try pass(to: body.lowerBound)
                segments.append(.base64(body))
                done = body.upperBound
            } else {
                try convertHeader(part, to: nil, isRoot: isRoot)
                try convert(message, isRoot: true)
            }
        }
    }

    private func mustChange(_ facts: ContentFacts) -> Bool {
        facts.hasNull || facts.hasBareNewline || (target == .sevenBit && facts.hasEightBit)
    }

    private func wantsChange(_ facts: ContentFacts) -> Bool { facts.hasLongLine }

    private func isLeaf(_ part: MessagePart) -> Bool {
        if case .leaf = part.content { part.transferEncoding == .identity } else { false }
    }

    private func isProtected(_ part: MessagePart) -> Bool {
        part.mediaType.matches("multipart", "signed") || part.mediaType.matches("multipart", "encrypted")
    }

    /// How the body of a leaf is to be written.
    private func coding(of part: MessagePart, _ body: Range<Int>) throws(Refusal) -> (name: String, segment: Segment) {
        guard part.transferEncoding == .identity else { throw .unencodable }
        // The tree calls a container that cannot be taken apart a leaf; its header does not.
        let written = HeaderFields(Array(octets[range(part.header)])).values(of: "Content-Type").first
        let type = written.map { MediaType(parsing: $0) } ?? part.mediaType
        guard !type.isMultipart, !type.matches("message") || type.subtype.starts(with: "global".utf8) else {
            throw .unencodable
        }
        let isReadable = QuotedPrintableEncoder.estimate(octets[body]) / 3 <= Self.base64Octets(body.count) / 2
        return type.matches("text") && isReadable
            ? ("quoted-printable", .quotedPrintable(body)) : ("base64", .base64(body))
    }

    // MARK: Headers

    /// Copies a part's header with its Content-Transfer-Encoding exchanged: for `coding`, or for what a container of
    /// converted parts may have (RFC 2045 §6.4).
    private mutating func convertHeader(_ part: MessagePart, to coding: String?, isRoot: Bool) throws(Refusal) {
        let range = range(part.header)
        let header = HeaderFields(Array(octets[range]))
        let allowed = target == .sevenBit ? "7bit" : "8bit"
        var field: [UInt8]? = Array("Content-Transfer-Encoding: \(coding ?? allowed)\r\n".utf8)
        var end = range.lowerBound
        for found in header {
            end = range.lowerBound + found.whole.upperBound
            guard header.isNamed("Content-Transfer-Encoding", found) else { continue }
            try pass(to: range.lowerBound + found.whole.lowerBound)
            if let field { segments.append(.insert(field)) }
            (field, done) = (nil, end)
        }
        try pass(to: end)
        // A container without the field is 7bit already.
        if coding == nil { field = nil }
        var added: [UInt8] = field ?? []
        if isRoot, header.values(of: "MIME-Version").isEmpty {
            if coding != nil, header.values(of: "Content-Type").isEmpty {
                // RFC 1428 §3: text of which only its sender knows the charset
                added += Array("Content-Type: text/plain; charset=unknown-8bit\r\n".utf8)
            }
            added = Array("MIME-Version: 1.0\r\n".utf8) + added
        }
        if !added.isEmpty { segments.append(.insert(added)) }
    }

    // MARK: Segments

    /// Copies what lies between the bodies.
    private mutating func pass(to end: Int) throws(Refusal) {
        guard end > done else { return }
        let facts = ContentFacts(ofBody: done..<end, in: octets)
        guard !facts.hasNull, target == .eightBit || !facts.hasEightBit else { throw .outsideBodies }
        segments.append(.copy(done..<end))
        done = end
    }

    private func range(_ range: Range<UInt64>) -> Range<Int> {
        let start = min(Int(clamping: range.lowerBound), octets.count)
        return start..<max(start, min(Int(clamping: range.upperBound), octets.count))
    }

    private func estimate(_ segment: Segment) -> Int {
        switch segment {
        case .copy(let range): range.count
        case .insert(let octets): octets.count
        case .base64(let range): Self.base64Octets(range.count)
        case .quotedPrintable(let range): QuotedPrintableEncoder.estimate(octets[range])
        }
    }

    private static func base64Octets(_ count: Int) -> Int {
        let digits = (count + 2) / 3 * 4
        return digits + digits / 76 * 2
    }
}
