// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ESearchCommand: SessionCommand {
    private var includesSelected: Bool { sources?.contains(.selected) ?? true }
    private var options: SearchReturn.Options { returned?.options ?? [] }

    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        try returned?.check()
        try key.check(facts)
        try facts.check(charset: charset)
        guard facts.isSelected || !includesSelected && !options.contains(.update) else {
            throw .bad("ESEARCH needs a selected mailbox, or sources without it, and no UPDATE")
        }
        guard !options.contains(.save) || sources == nil || sources == [.selected] else {
            throw .bad("SAVE is for the selected mailbox alone")
        }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        try session.checkCharset(charset)
        if options.contains(.update) { try session.checkUpdateTag() }
        if key.asksForModSeq { session.enableModSeqs() }
        if options.contains(.save) { session.view?.savedResult = UIDSet() }
        if includesSelected { _ = try session.selected() }
        try await session.settleName()
        for name in try await names(in: session) {
            guard let view = try await view(of: name, in: session) else { continue }
            try await search(view, in: session)
            try await session.connection.flushIfLarge()
        }
        return .done
    }

    /// A single response for each mailbox where something is found (RFC 7377 §2.1).
    private func search(_ view: MailboxView, in session: IMAPSession) async throws {
        let found = try await SearchRun(session, key, in: view).run()
        let result = SearchResult(found, .uid, in: view, withModSeq: key.asksForModSeq)
        let source = ESearchResponse.Source(mailbox: view.name.text, uidValidity: view.uidValidity)
        let isSelected = view.id == session.view?.id && view.account.id == session.view?.account.id
        if let returned, isSelected, options.contains(.save) { session.view?.savedResult = result.saved(by: returned) }
        if isSelected, options.contains(.update) {
            session.keepUpdated(
                SearchContext(
                    tag: session.tag,
                    source: source,
                    .uid,
                    key.frozen(in: view),
                    [],
                    result.uids,
                    items: returned?.updateItems ?? []
                )
            )
        }
        let isAnswered = options.subtracting(.context) != .save || returned?.partial != nil
        guard !result.isEmpty, isAnswered else { return }
        let items = result.items((returned ?? SearchReturn()).orAll)
        session.send(.esearch(ESearchResponse(tag: session.tag, source: source, isUID: true, items: items)))
    }

    /// The mailbox as the session sees it, or as it is; `nil` when it is not there any more, or the user may not
    /// read it.
    private func view(of name: MailboxName, in session: IMAPSession) async throws -> MailboxView? {
        if let view = session.view, view.name == name, !view.isGone { return view.rights.contains(.read) ? view : nil }
        return try await session.readableView(of: name)
    }

    /// The mailboxes that the sources name, each once; those that are not there are passed over.
    private func names(in session: IMAPSession) async throws -> [MailboxName] {
        let selected = session.view?.name
        guard let sources else { return selected.map { [$0] } ?? [] }
        let listed = try await session.listedMailboxes()
        let scopes = sources.map { MailboxScope($0) }
        let names = listed.hierarchy.nodes.filter { node in
            let isOwn = listed.shared[node.name] == nil
            return node.exists
                && scopes.contains {
                    $0.includes(node.name, isSubscribed: node.isSubscribed, selected: selected, isOwn: isOwn)
                }
        }.map(\.name)
        // One that the user may read need not be listed.
        guard let selected, includesSelected, !names.contains(selected) else { return names }
        return names + [selected]
    }
}
