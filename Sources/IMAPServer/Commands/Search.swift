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
        try facts.check(charset: charset)
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        let result = try await session.found(key, charset, numbers, returned, isLimited: true) { $0 }
        if returned == nil, !session.enabled.contains(.imap4rev2) {
            session.send(.search(result.numbers, modSeq: result.modSeq))
        } else {
            session.answer(result, returned ?? SearchReturn(), isUID: isUID)
        }
        return try session.answering(result.limit) { .done }
    }
}

extension SearchReturn {
    /// Without anything that asks for results, as with ALL (RFC 4731 §3.1).
    var orAll: SearchReturn {
        let isAsked = partial != nil || !options.isDisjoint(with: [.minimum, .maximum, .all, .count])
        return isAsked ? self : SearchReturn(options.union(.all))
    }

    func check() throws(CommandRefusal) {
        guard partial == nil || !options.contains(.all) else { throw .bad("PARTIAL and ALL exclude each other") }
    }
}

extension SessionFacts {
    /// Once UTF8=ACCEPT is enabled, all is UTF-8 (RFC 6855 §3).
    func check(charset: [UInt8]?) throws(CommandRefusal) {
        guard charset == nil || !enabled.contains(.utf8Accept) else {
            throw .bad("CHARSET is not valid while UTF8=ACCEPT is enabled")
        }
    }
}

/// What SEARCH, SORT and THREAD have in common.
extension IMAPSession {
    private static let charsets = ["US-ASCII", "UTF-8"]

    /// Looks for messages, puts them in order, and keeps them for `$` and for updates where that is asked for.
    ///
    /// - Parameters:
    ///   - criteria: by what they are put in order, where they are.
    ///   - isLimited: whether no more messages are looked at than one command handles.
    func found(
        _ key: SearchKey,
        _ charset: [UInt8]?,
        _ numbers: MessageNumbers,
        _ returned: SearchReturn?,
        by criteria: [SortCriterion] = [],
        isLimited: Bool = false,
        inOrder order: ([Int]) async throws -> [Int]
    ) async throws -> SearchResult {
        if key.asksForModSeq { enableModSeqs() }
        let saves = returned?.options.contains(.save) == true
        do {
            try checkCharset(charset)
            if returned?.options.contains(.update) == true { try checkUpdateTag() }
            let (places, limit) = isLimited ? try searched(by: key) : (places: nil, limit: nil)
            let found = try await order(SearchRun(self, key, in: try selected()).run(at: places))
            var result = SearchResult(found, numbers, in: try selected(), withModSeq: key.asksForModSeq)
            result.limit = limit
            if let returned, saves { view?.savedResult = result.saved(by: returned) }
            if returned?.options.contains(.update) == true, limit != nil {
                refuseUpdates(of: tag, "The search stopped at the limit")
            } else if returned?.options.contains(.update) == true {
                keepUpdated(
                    SearchContext(
                        tag: tag,
                        numbers,
                        key.frozen(in: try selected()),
                        criteria,
                        result.uids,
                        items: returned?.updateItems ?? []
                    )
                )
            }
            return result
        } catch {
            // RFC 5182 §2.1: what was to be replaced is not kept.
            if saves { view?.savedResult = UIDSet() }
            throw error
        }
    }

    /// Where a SEARCH looks: everywhere for `nil`; at the last of the messages that it names, when there are more than one
    /// command handles (RFC 9738 §3.1: those count that are looked at, not those that match).
    private func searched(by key: SearchKey) throws -> (places: [Int]?, limit: ResponseCode?) {
        guard configuration.messageLimit != nil else { return (nil, nil) }
        let view = try selected()
        let (indices, limit) = limited(key.named(in: view), in: view)
        guard limit != nil else { return (nil, nil) }
        return (indices.flatMap(Array.init), limit)
    }

    func checkCharset(_ charset: [UInt8]?) throws(CommandRefusal) {
        guard let charset else { return }
        guard Self.charsets.contains(where: { ASCII.equalIgnoringCase($0.utf8, charset) }) else {
            throw CommandRefusal(condition: .no, code: .badCharset(Self.charsets), text: "Charset is not known")
        }
    }

    /// Answers with ESEARCH; with nothing when the result is only to be kept (RFC 5182 §2.1).
    func answer(_ result: SearchResult, _ returned: SearchReturn, isUID: Bool) {
        guard returned.options.subtracting(.context) != .save || returned.partial != nil else { return }
        send(.esearch(ESearchResponse(tag: tag, isUID: isUID, items: result.items(returned.orAll))))
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
