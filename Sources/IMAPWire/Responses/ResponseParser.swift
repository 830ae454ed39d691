// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// Reads what a server sends, strictly: what it accepts is a valid response of the grammar (RFC 3501 §9, RFC 9051 §9).
package enum ResponseParser {
    /// Reads one whole frame, without its last line end.
    ///
    /// - Parameter takesExtensions: whether also valid responses are taken that only other servers send: response codes
    ///   that are not known here, other hierarchy delimiters, and BODYSTRUCTURE without some of its extension data.
    package static func parse(
        _ frame: [UInt8],
        textForm: TextForm = .modifiedUTF7,
        takesExtensions: Bool = false
    ) throws(IMAPSyntaxError) -> Response {
        var scanner = WireScanner(frame, textForm: textForm, takesExtensions: takesExtensions)
        let response = try scanner.response()
        try scanner.end("the end of the response")
        return response
    }
}

extension WireScanner {
    // response = *(continue-req / response-data) response-done    RFC 9051 §9
    fileprivate mutating func response() throws(IMAPSyntaxError) -> Response {
        if accept(0x2B) {
            try space()
            let text = run(of: .text)
            return .continuation(Array(text))
        }
        guard accept(0x2A) else {
            let tag = try CommandHead.tag(parsing: &self)
            try space()
            let status = try statusResponse()
            guard status.condition != .bye, status.condition != .preauth else { throw failure("OK, NO or BAD") }
            return .tagged(tag, status)
        }
        try space()
        return peek().map(ASCII.isDigit) == true ? try numberedResponse() : try namedResponse()
    }

    // message-data = nz-number SP ("EXPUNGE" / ("FETCH" SP msg-att)); number SP "EXISTS"    RFC 9051 §9
    private mutating func numberedResponse() throws(IMAPSyntaxError) -> Response {
        let start = offset
        let number = try number()
        try space()
        if acceptWord("EXISTS") { return .exists(number) }
        if acceptWord("RECENT") { return .recent(number) }
        guard number > 0 else { throw failure("a sequence number above 0", at: start) }
        if acceptWord("EXPUNGE") { return .expunge(SequenceNumber(number)) }
        let isByUID = acceptWord("UIDFETCH")
        guard isByUID || acceptWord("FETCH") else { throw failure("EXISTS, RECENT, EXPUNGE, FETCH or UIDFETCH") }
        try space()
        let values = try list { (scanner) throws(IMAPSyntaxError) in try scanner.fetchValue() }
        return isByUID ? .uidFetch(UID(number), values) : .fetch(SequenceNumber(number), values)
    }

    private mutating func namedResponse() throws(IMAPSyntaxError) -> Response {
        let start = offset
        switch try word("the name of a response") {
        case "CAPABILITY": return .capability(try spacedWords())
        case "ENABLED": return .enabled(try spacedWords())
        case "FLAGS":
            try space()
            return .flags(try flagNames(permanent: false))
        case "LIST": return .list(try listing())
        case "LSUB": return .lsub(try listing())
        case "STATUS": return try statusCounts()
        case "QUOTA": return try quota()
        case "QUOTAROOT": return try quotaRoot()
        case "SEARCH":
            let (numbers, modSeq) = try searchNumbers()
            return .search(numbers, modSeq: modSeq)
        case "SORT":
            let (numbers, modSeq) = try searchNumbers()
            return .sort(numbers, modSeq: modSeq)
        case "THREAD":
            guard accept(ASCII.space) else { return .thread(ThreadForest()) }
            let start = offset
            let forest = try threads()
            guard !forest.roots.isEmpty else { throw failure("a thread", at: start) }
            return .thread(forest)
        case "ESEARCH": return .esearch(try esearch())
        case "VANISHED":
            let isEarlier = acceptPrefix(" (EARLIER)")
            try space()
            return .vanished(try uidSet(), isEarlier: isEarlier)
        case "METADATA":
            try space()
            let place = offset
            let name = try sentName(try astring("a mailbox name"), at: place)
            try space()
            guard peek() != 0x28 else { return .metadata(mailbox: name, try entryValues()) }
            var entries = [try entryName()]
            while accept(ASCII.space) { entries.append(try entryName()) }
            return .metadataChanged(mailbox: name, entries)
        case "NAMESPACE":
            return .namespace(others: try otherUsersNamespace())
        case "ACL":
            let name = try spacedMailbox()
            return .acl(mailbox: name, try aclEntries())
        case "LISTRIGHTS":
            let name = try spacedMailbox()
            return .listRights(try rightsListing(of: name))
        case "MYRIGHTS":
            let name = try spacedMailbox()
            try space()
            return .myRights(mailbox: name, try rightsText())
        case "ID":
            try space()
            return .id(try idParameters())
        default:
            rewind(to: start)
            return .untagged(try statusResponse())
        }
    }

    private mutating func spacedMailbox() throws(IMAPSyntaxError) -> String {
        try space()
        let start = offset
        return try sentName(try astring("a mailbox name"), at: start)
    }

    // namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace    RFC 9051 §9
    /// The prefix of the second, behind the personal one without a prefix.
    private mutating func otherUsersNamespace() throws(IMAPSyntaxError) -> String? {
        guard acceptPrefix(" ((\"\" \"/\")) ") else { throw failure("the personal namespace") }
        if acceptPrefix("NIL NIL") { return nil }
        guard acceptPrefix("((") else { throw failure("the namespace of other users or NIL") }
        let start = offset
        let prefix = try sentName(try string("a prefix"), at: start)
        guard acceptPrefix(" \"/\")) NIL") else { throw failure("the delimiter, and no shared namespace") }
        return prefix
    }

    // resp-cond-state = ("OK" / "NO" / "BAD") SP resp-text    RFC 9051 §9
    private mutating func statusResponse() throws(IMAPSyntaxError) -> StatusResponse {
        let start = offset
        guard let condition = StatusResponse.Condition(rawValue: try word("OK, NO, BAD, BYE or PREAUTH")) else {
            throw failure("OK, NO, BAD, BYE or PREAUTH", at: start)
        }
        try space()
        var code: ResponseCode?
        if peek() == 0x5B {
            code = try responseCode()
            try space()
        }
        let text = run(of: .text)
        guard !text.isEmpty else { throw failure("text") }
        return StatusResponse(condition, code, String(decoding: text, as: UTF8.self))
    }

    private mutating func spacedWords() throws(IMAPSyntaxError) -> [String] {
        var words: [String] = []
        while accept(ASCII.space) { words.append(String(decoding: try atom(), as: UTF8.self)) }
        return words
    }

    // flag-perm = flag / "\*"    RFC 9051 §9
    mutating func flagNames(permanent: Bool) throws(IMAPSyntaxError) -> [String] {
        try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            guard scanner.accept(ASCII.backslash) else {
                return String(decoding: try scanner.atom("a flag"), as: UTF8.self)
            }
            if permanent, scanner.accept(0x2A) { return "\\*" }
            return "\\" + String(decoding: try scanner.atom("the name of a flag"), as: UTF8.self)
        }
    }

    // mailbox-list = "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]
    // RFC 9051 §9
    private mutating func listing() throws(IMAPSyntaxError) -> MailboxListing {
        try space()
        let attributes = try flagNames(permanent: false)
        guard attributes.allSatisfy({ $0.hasPrefix("\\") }) else { throw failure("attributes with a backslash") }
        let delimiter = try delimiter()
        let start = offset
        let octets = try astring("a mailbox name")
        var row = MailboxListing(attributes: attributes, name: try sentName(octets, at: start), delimiter: delimiter)
        guard acceptPrefix(" (") else { return row }
        repeat { try listingItem(&row) } while accept(ASCII.space)
        try close()
        return row
    }

    /// `/` with spaces around, as this server has it; of other servers any, or NIL for a flat hierarchy.
    private mutating func delimiter() throws(IMAPSyntaxError) -> UInt8? {
        guard takesExtensions else {
            guard acceptPrefix(" \"/\" ") else { throw failure("the delimiter") }
            return MailboxListing.ownDelimiter
        }
        try space()
        let start = offset
        let octets = try nstring("the delimiter or NIL")
        guard octets?.count ?? 1 == 1 else { throw failure("one character as the delimiter", at: start) }
        try space()
        return octets?.first
    }

    // mbox-list-extended-item = mbox-list-extended-item-tag SP tagged-ext-val    RFC 9051 §9
    private mutating func listingItem(_ row: inout MailboxListing) throws(IMAPSyntaxError) {
        if row.childInfo.isEmpty, acceptPrefix("\"CHILDINFO\" ") {
            row.childInfo = try list { (scanner) throws(IMAPSyntaxError) in
                String(decoding: try scanner.string(), as: UTF8.self)
            }
            return
        }
        guard row.oldName == nil, acceptPrefix("\"OLDNAME\" (") else { throw failure("CHILDINFO or OLDNAME") }
        let start = offset
        row.oldName = try sentName(try astring("a mailbox name"), at: start)
        try close()
    }

    /// A name as a server may send it: in the form that is in force, and no other.
    private func sentName(_ octets: [UInt8], at start: Int) throws(IMAPSyntaxError) -> String {
        guard textForm == .modifiedUTF7 else { return try mailboxText(octets, at: start) }
        guard let name = ModifiedUTF7.decode(octets) else { throw failure("modified UTF-7", at: start) }
        return name
    }

    private mutating func statusCounts() throws(IMAPSyntaxError) -> Response {
        try space()
        let start = offset
        let name = try sentName(try astring("a mailbox name"), at: start)
        try space()
        let values = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in
            let item = try scanner.statusItem()
            try scanner.space()
            guard item != .mailboxID else { return StatusValue(mailboxID: try scanner.objectIDInParentheses()) }
            return StatusValue(item, try scanner.number64())
        }
        return .status(mailbox: name, values)
    }

    // quota-response = "QUOTA" SP quota-root-name SP quota-list    RFC 9208 §7
    private mutating func quota() throws(IMAPSyntaxError) -> Response {
        try space()
        let root = String(decoding: try astring("a quota root"), as: UTF8.self)
        try space()
        try open()
        var resources: [QuotaResource] = []
        while !accept(0x29) {
            if !resources.isEmpty { try space() }
            let name = String(decoding: try atom("a quota resource"), as: UTF8.self)
            try space()
            let usage = try number64()
            try space()
            resources.append(QuotaResource(name, usage: usage, limit: try number64()))
        }
        return .quota(root: root, resources)
    }

    // quotaroot-response = "QUOTAROOT" SP mailbox *(SP quota-root-name)    RFC 9208 §7
    private mutating func quotaRoot() throws(IMAPSyntaxError) -> Response {
        try space()
        let start = offset
        let name = try sentName(try astring("a mailbox name"), at: start)
        var roots: [String] = []
        while accept(ASCII.space) { roots.append(String(decoding: try astring("a quota root"), as: UTF8.self)) }
        return .quotaRoot(mailbox: name, roots: roots)
    }

    // mailbox-data =/ "SEARCH" [1*(SP nz-number) SP search-sort-mod-seq]    RFC 7162 §7
    private mutating func searchNumbers() throws(IMAPSyntaxError) -> (numbers: [UInt32], modSeq: ModSeq?) {
        var numbers: [UInt32] = []
        while accept(ASCII.space) {
            guard !numbers.isEmpty, accept(0x28) else {
                numbers.append(try positiveNumber())
                continue
            }
            guard acceptWord("MODSEQ") else { throw failure("MODSEQ") }
            try space()
            let modSeq = try modSeq()
            try close()
            return (numbers, modSeq)
        }
        return (numbers, nil)
    }
}
