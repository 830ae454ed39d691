// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

extension WireScanner {
    // search-program = [charset] search-key *(SP search-key): the keys
    package mutating func searchKeys() throws(IMAPSyntaxError) -> SearchKey {
        var parser = SearchKeyParser(scanner: self)
        let key = try parser.keys(depth: 0)
        self = parser.scanner
        return key
    }
}

private struct SearchKeyParser {
    var scanner: WireScanner
    private var count = 0

    init(scanner: WireScanner) { self.scanner = scanner }

    // search-key *(SP search-key): all must hold
    mutating func keys(depth: Int) throws(IMAPSyntaxError) -> SearchKey {
        let first = try key(depth: depth)
        var all = [first]
        while scanner.accept(ASCII.space) { all.append(try key(depth: depth)) }
        return all.count == 1 ? first : .and(all)
    }

    private mutating func key(depth: Int) throws(IMAPSyntaxError) -> SearchKey {
        count += 1
        guard count <= SearchKey.maximumCount else {
            throw scanner.failure("at most \(SearchKey.maximumCount) search keys")
        }
        guard depth <= SearchKey.maximumDepth else {
            throw scanner.failure("at most \(SearchKey.maximumDepth) levels of search keys")
        }
        if scanner.isAtSequenceSet { return .sequence(try scanner.sequenceSet()) }
        guard scanner.accept(0x28) else { return try namedKey(depth) }
        let inner = try keys(depth: depth + 1)
        try scanner.close()
        return inner
    }

    private mutating func namedKey(_ depth: Int) throws(IMAPSyntaxError) -> SearchKey {
        let start = scanner.offset
        let word = try scanner.word("a search key")
        if let key = Self.plain[word] { return key }
        try expectArgument(of: word, at: start)
        switch word {
        case "NOT": return .not(try key(depth: depth + 1))
        case "OR":
            let first = try key(depth: depth + 1)
            try scanner.space()
            return .or(first, try key(depth: depth + 1))
        default: return try leaf(word)
        }
    }

    private mutating func expectArgument(of word: String, at start: Int) throws(IMAPSyntaxError) {
        guard Self.withArgument.contains(word) else { throw scanner.failure("a search key", at: start) }
        guard scanner.accept(ASCII.space) else { throw scanner.failure("a space and what \(word) needs") }
    }

    private mutating func leaf(_ word: String) throws(IMAPSyntaxError) -> SearchKey {
        if let (field, comparison) = Self.dates[word] { return .date(field, comparison, try scanner.date()) }
        switch word {
        case "BODY": return .body(try scanner.astring())
        case "TEXT": return .text(try scanner.astring())
        case "HEADER":
            let name = try scanner.astring("a header field name")
            try scanner.space()
            return .header(name: name, value: try scanner.astring())
        case "EMAILID": return .emailID(try scanner.objectID())
        case "THREADID": return .threadID(try scanner.objectID())
        case "KEYWORD": return .keyword(try keyword(), isSet: true)
        case "UNKEYWORD": return .keyword(try keyword(), isSet: false)
        case "LARGER": return .larger(try scanner.number64())
        case "SMALLER": return .smaller(try scanner.number64())
        case "MODSEQ": return .modSeq(try modSeq())
        case "OLDER": return .older(try scanner.positiveNumber("seconds above 0"))
        case "YOUNGER": return .younger(try scanner.positiveNumber("seconds above 0"))
        case "UID": return .uid(try scanner.sequenceSet())
        // "UIDAFTER" SP uniqueid, "UIDBEFORE" SP uniqueid    RFC 9738 §3.2
        case "UIDAFTER": return .uidAfter(UID(try scanner.positiveNumber("a UID above 0")))
        case "UIDBEFORE": return .uidBefore(UID(try scanner.positiveNumber("a UID above 0")))
        default: return .header(name: Array(word.utf8), value: try scanner.astring())
        }
    }

    // search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer
    // search-modseq-ext = SP entry-name SP entry-type-req    RFC 7162 §7
    private mutating func modSeq() throws(IMAPSyntaxError) -> ModSeq {
        if scanner.peek() == 0x22 {
            _ = try scanner.quoted()
            try scanner.space()
            let isType = scanner.acceptWord("PRIV") || scanner.acceptWord("SHARED") || scanner.acceptWord("ALL")
            guard isType else { throw scanner.failure("priv, shared or all") }
            try scanner.space()
        }
        return try scanner.modSeqOrZero()
    }

    private mutating func keyword() throws(IMAPSyntaxError) -> Keyword {
        let start = scanner.offset
        guard let keyword = Keyword(String(decoding: try scanner.atom("a keyword"), as: UTF8.self)) else {
            throw scanner.failure("a keyword of at most \(Keyword.maximumOctets) octets", at: start)
        }
        return keyword
    }

    private static let plain: [String: SearchKey] = [
        "ALL": .all,
        "ANSWERED": .flag(.answered, isSet: true), "UNANSWERED": .flag(.answered, isSet: false),
        "DELETED": .flag(.deleted, isSet: true), "UNDELETED": .flag(.deleted, isSet: false),
        "DRAFT": .flag(.draft, isSet: true), "UNDRAFT": .flag(.draft, isSet: false),
        "FLAGGED": .flag(.flagged, isSet: true), "UNFLAGGED": .flag(.flagged, isSet: false),
        "SEEN": .flag(.seen, isSet: true), "UNSEEN": .flag(.seen, isSet: false),
        "RECENT": .recent, "OLD": .not(.recent), "NEW": .and([.recent, .flag(.seen, isSet: false)]),
        "SAVEDATESUPPORTED": .saveDateSupported,
    ]

    private static let dates: [String: (SearchKey.DateField, SearchKey.DateComparison)] = [
        "BEFORE": (.internalDate, .before), "ON": (.internalDate, .on), "SINCE": (.internalDate, .since),
        "SENTBEFORE": (.sent, .before), "SENTON": (.sent, .on), "SENTSINCE": (.sent, .since),
        "SAVEDBEFORE": (.saved, .before), "SAVEDON": (.saved, .on), "SAVEDSINCE": (.saved, .since),
    ]

    private static let withArgument: Set<String> = Set(dates.keys).union([
        "BCC", "BODY", "CC", "EMAILID", "FROM", "HEADER", "KEYWORD", "LARGER", "MODSEQ", "NOT", "OLDER", "OR",
        "SMALLER",
        "SUBJECT", "TEXT",
        "THREADID", "TO", "UID", "UIDAFTER", "UIDBEFORE", "UNKEYWORD", "YOUNGER",
    ])
}
