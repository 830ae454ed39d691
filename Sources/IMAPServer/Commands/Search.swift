// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailStore
internal import MailTypes

extension SearchCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try returned?.check()
        try key.check(facts)
        // RFC 6855 §3: all is UTF-8 then.
        guard charset == nil || !facts.enabled.contains(.utf8Accept) else {
            throw .bad("CHARSET is not valid while UTF8=ACCEPT is enabled")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let result = try await session.found(key, charset, numbers, saving: returned) { $0 }
        if returned == nil, !session.enabled.contains(.imap4rev2) {
            session.send(.search(result.numbers, modSeq: result.modSeq))
        } else {
            session.answer(result, returned ?? SearchReturn(), isUID: isUID)
        }
        return .done
    }
}

extension SearchReturn {
    func check() throws(CommandRefusal) {
        guard partial == nil || !options.contains(.all) else { throw .bad("PARTIAL and ALL exclude each other") }
    }
}

/// What SEARCH, SORT and THREAD have in common.
extension IMAPSession {
    private static let charsets = ["US-ASCII", "UTF-8"]

    /// Looks for messages, puts them in order, and keeps them for `$` where that is asked for.
    func found(
        _ key: SearchKey,
        _ charset: [UInt8]?,
        _ numbers: MessageNumbers,
        saving returned: SearchReturn?,
        inOrder order: ([Int]) async throws -> [Int]
    ) async throws -> SearchResult {
        if key.asksForModSeq { enableModSeqs() }
        let saves = returned?.options.contains(.save) == true
        do {
            try checkCharset(charset)
            let found = try await order(SearchRun(self, key).run())
            let result = SearchResult(found, numbers, in: try selected(), withModSeq: key.asksForModSeq)
            if let returned, saves { view?.savedResult = result.saved(by: returned) }
            return result
        } catch {
            // RFC 5182 §2.1: what was to be replaced is not kept.
            if saves { view?.savedResult = UIDSet() }
            throw error
        }
    }

    private func checkCharset(_ charset: [UInt8]?) throws(CommandRefusal) {
        guard let charset else { return }
        guard Self.charsets.contains(where: { ASCII.equalIgnoringCase($0.utf8, charset) }) else {
            throw CommandRefusal(condition: .no, code: .badCharset(Self.charsets), text: "Charset is not known")
        }
    }

    /// Answers with ESEARCH; with nothing when the result is only to be kept (RFC 5182 §2.1).
    func answer(_ result: SearchResult, _ returned: SearchReturn, isUID: Bool) {
        guard returned != SearchReturn(.save) else { return }
        var returned = returned
        // RFC 4731 §3.1: without any option, as with ALL.
        if returned.options.subtracting(.save).isEmpty, returned.partial == nil { returned.options = .all }
        send(.esearch(ESearchResponse(tag: tag, isUID: isUID, items: result.items(returned))))
    }
}

extension SearchKey {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard !facts.enabled.contains(.uidOnly) || !usesSequenceNumbers else { throw .uidRequired }
    }

    private var usesSequenceNumbers: Bool {
        switch self {
        case .sequence(let set): !set.isSavedResult
        case .and(let keys): keys.contains(where: \.usesSequenceNumbers)
        case .not(let key): key.usesSequenceNumbers
        case .or(let first, let second): first.usesSequenceNumbers || second.usesSequenceNumbers
        default: false
        }
    }

    /// Whether a mod-sequence is asked for anywhere, which has mod-sequences told (RFC 7162 §3.1.5).
    var asksForModSeq: Bool {
        switch self {
        case .modSeq: true
        case .and(let keys): keys.contains(where: \.asksForModSeq)
        case .not(let key): key.asksForModSeq
        case .or(let first, let second): first.asksForModSeq || second.asksForModSeq
        default: false
        }
    }
}
