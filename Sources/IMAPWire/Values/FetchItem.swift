// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What FETCH may ask of a message (RFC 9051 §6.4.5, RFC 7162 §3.1.4.2, RFC 8474 §5.3, RFC 8514 §4.2).
package enum FetchItem: Hashable, Sendable {
    /// A part without its transfer encoding; no numbers for the whole message.
    case binary(part: [UInt32], peek: Bool, partial: Partial?)
    case binarySize(part: [UInt32])
    case body
    case bodyStructure
    case emailID
    case envelope
    case flags
    case internalDate
    case modSeq
    /// With LAZY: only if it is at hand (RFC 8970 §3.2).
    case preview(isLazy: Bool)
    case rfc822
    case rfc822Header
    case rfc822Size
    case rfc822Text
    case saveDate
    case section(SectionSpecifier, peek: Bool, partial: Partial?)
    case threadID
    case uid

    /// Whether being asked for it marks the message as seen.
    package var setsSeen: Bool {
        switch self {
        case .rfc822, .rfc822Text, .section(_, peek: false, _), .binary(_, peek: false, _): true
        default: false
        }
    }

    /// Most items in one FETCH.
    package static let maximumCount = 256

    fileprivate static let words: [(word: StaticString, item: FetchItem)] = [
        ("BODYSTRUCTURE", .bodyStructure), ("EMAILID", .emailID), ("ENVELOPE", .envelope), ("FLAGS", .flags),
        ("INTERNALDATE", .internalDate), ("MODSEQ", .modSeq), ("RFC822.HEADER", .rfc822Header),
        ("RFC822.SIZE", .rfc822Size),
        ("RFC822.TEXT", .rfc822Text), ("RFC822", .rfc822), ("SAVEDATE", .saveDate), ("THREADID", .threadID),
        ("UID", .uid),
    ]

    fileprivate static let macros: [(word: StaticString, items: [FetchItem])] = [
        ("ALL", [.flags, .internalDate, .rfc822Size, .envelope]),
        ("FAST", [.flags, .internalDate, .rfc822Size]),
        ("FULL", [.flags, .internalDate, .rfc822Size, .envelope, .body]),
    ]
}

extension WireScanner {
    /// One item, one macro, or a list of items.
    package mutating func fetchItems() throws(IMAPSyntaxError) -> [FetchItem] {
        for (word, items) in FetchItem.macros where acceptWord(word) { return items }
        let start = offset
        guard peek() == 0x28 else { return [try fetchItem()] }
        let items = try list { (scanner) throws(IMAPSyntaxError) in try scanner.fetchItem() }
        guard items.count <= FetchItem.maximumCount else {
            throw failure("at most \(FetchItem.maximumCount) FETCH items", at: start)
        }
        return items
    }

    // fetch-att    RFC 3501 §9
    private mutating func fetchItem() throws(IMAPSyntaxError) -> FetchItem {
        let start = offset
        if acceptPrefix("BODY.PEEK[") { return try sectionItem(peek: true) }
        if acceptPrefix("BODY[") { return try sectionItem(peek: false) }
        if acceptWord("BODY") { return .body }
        if acceptWord("PREVIEW") { return .preview(isLazy: acceptPrefix(" (LAZY)")) }
        if acceptPrefix("BINARY.SIZE[") { return .binarySize(part: try sectionBinary()) }
        if acceptPrefix("BINARY.PEEK[") { return try binaryItem(peek: true) }
        if acceptPrefix("BINARY[") { return try binaryItem(peek: false) }
        for (word, item) in FetchItem.words where acceptWord(word) { return item }
        throw failure("a FETCH item such as FLAGS, ENVELOPE or BODY[]", at: start)
    }

    private mutating func sectionItem(peek: Bool) throws(IMAPSyntaxError) -> FetchItem {
        rewind(to: offset - 1)
        let section = try section()
        return .section(section, peek: peek, partial: try partial())
    }

    private mutating func binaryItem(peek: Bool) throws(IMAPSyntaxError) -> FetchItem {
        let part = try sectionBinary()
        return .binary(part: part, peek: peek, partial: try partial())
    }
}

extension WireEncoder {
    package mutating func fetchItems(_ items: [FetchItem]) {
        list(items) { encoder, item in encoder.fetchItem(item) }
    }

    private mutating func fetchItem(_ item: FetchItem) {
        switch item {
        case .body: raw("BODY")
        case .preview(let isLazy): raw(isLazy ? "PREVIEW (LAZY)" : "PREVIEW")
        case .section(let section, let peek, let partial):
            raw(peek ? "BODY.PEEK" : "BODY")
            self.section(section)
            partialRange(partial)
        case .binary(let part, let peek, let partial):
            raw(peek ? "BINARY.PEEK" : "BINARY")
            section(SectionSpecifier(part: part))
            partialRange(partial)
        case .binarySize(let part):
            raw("BINARY.SIZE")
            section(SectionSpecifier(part: part))
        default:
            if let word = FetchItem.words.first(where: { $0.item == item })?.word { raw(word) }
        }
    }

    private mutating func partialRange(_ partial: Partial?) {
        guard let partial else { return }
        raw("<")
        number(partial.offset)
        raw(".")
        number(partial.count)
        raw(">")
    }
}
