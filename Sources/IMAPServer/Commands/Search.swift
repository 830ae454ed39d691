// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import IMAPWire
internal import MailStore
internal import MailTypes

extension SearchCommand: SessionCommand {
    private static let charsets = ["US-ASCII", "UTF-8"]

    private func checkCharset() throws(CommandRefusal) {
        guard let charset else { return }
        guard Self.charsets.contains(where: { ASCII.equalIgnoringCase($0.utf8, charset) }) else {
            throw CommandRefusal(condition: .no, code: .badCharset(Self.charsets), text: "Charset is not known")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        if key.asksForModSeq { session.enableModSeqs() }
        let found: [Int]
        do {
            try checkCharset()
            found = try await SearchRun(session, key).run()
        } catch {
            // RFC 5182 §2.1: what was to be replaced is not kept.
            if returned?.contains(.save) == true { session.view?.savedResult = UIDSet() }
            throw error
        }
        let result = SearchResult(found, numbers, in: try session.selected(), withModSeq: key.asksForModSeq)
        if returned == nil, !session.enabled.contains(.imap4rev2) {
            session.send(.search(result.numbers, modSeq: result.modSeq))
            return .done
        }
        // RFC 9051 §6.4.4: without any option, or with none but SAVE, as with ALL.
        let options = returned ?? .all
        if options.contains(.save) { session.view?.savedResult = result.saved(by: options) }
        guard options != .save else { return .done }
        let items = result.items(options.subtracting(.save).isEmpty ? .all : options)
        session.send(.esearch(ESearchResponse(tag: session.tag, isUID: isUID, items: items)))
        return .done
    }
}

extension SearchKey {
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
