// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// The octets that a URL stands for: what FETCH would answer for `BODY.PEEK[...]` (RFC 4469 §3).
struct URLContent {
    enum Octets {
        /// Of the message as it is stored.
        case stored(Range<UInt64>)
        /// Fields picked from a header.
        case chosen([UInt8])
    }

    var entry: MessageEntry
    /// Whose message it is.
    var account: any MailAccount
    var octets: Octets

    var count: UInt64 {
        switch octets {
        case .stored(let range): range.upperBound - range.lowerBound
        case .chosen(let octets): UInt64(octets.count)
        }
    }
}

extension CommandRefusal {
    /// A URL that names nothing here, as it was sent (RFC 4469 §4.1).
    fileprivate static func badURL(_ url: [UInt8], _ text: String) -> CommandRefusal {
        CommandRefusal(condition: .no, code: .badURL(url), text: text)
    }
}

extension IMAPSession {
    /// Finds what a URL names.
    ///
    /// Nothing of it is read yet but a header from which fields are picked. Throws BADURL for what is not there, and
    /// for all that is not a message, or a part of one, that the user may read.
    func content(of url: [UInt8]) async throws -> URLContent {
        guard let parsed = MessageURL(url) else { throw CommandRefusal.badURL(url, "Not a URL of a message here") }
        guard let view = try await readableView(of: parsed.mailbox) else {
            throw CommandRefusal.badURL(url, "No such mailbox")
        }
        guard parsed.uidValidity.map({ $0 == view.uidValidity }) ?? true,
            let entry = view.index(of: parsed.uid).flatMap({ view.message(at: $0) })
        else {
            throw CommandRefusal.badURL(url, "No such message")
        }
        guard let octets = try await octets(of: parsed, entry, in: view, url) else {
            throw CommandRefusal.badURL(url, "No such part")
        }
        return URLContent(entry: entry, account: view.account, octets: octets)
    }

    /// The base of a relative URL is the selected mailbox, where there is one (RFC 4469 §3).
    private func readableView(of mailbox: MessageURL.Mailbox) async throws -> MailboxView? {
        let name: MailboxName?
        switch mailbox {
        case .named(let text): name = MailboxName(text)
        case .beside(let text):
            try await settleName()
            name = MailboxName((view?.name.parent.map { $0.text + "/" } ?? "") + text)
        case .selected:
            guard let view, !view.isGone, view.rights.contains(.read) else { return nil }
            return view
        }
        guard let name else { return nil }
        return try await readableView(of: name)
    }

    /// `nil` when the message has no such part.
    private func octets(
        of url: MessageURL,
        _ entry: MessageEntry,
        in view: MailboxView,
        _ text: [UInt8]
    ) async throws -> URLContent.Octets? {
        var range: Range<UInt64>? = 0..<entry.size
        if url.section != SectionSpecifier() {
            let structure = try await structure(of: entry, in: view.id, of: view.account)
            range = structure.range(of: url.section.messageSection)
        }
        guard let range = range?.clamped(to: 0..<entry.size) else { return nil }
        switch url.section.text {
        case .all, .header, .text, .mime: return .stored(url.partial?.cut(range) ?? range)
        case .headerFields(let names), .headerFieldsNot(let names):
            let end = range.lowerBound + min(range.upperBound - range.lowerBound, FetchRun.headerOctets)
            let header = try await whole(entry, range.lowerBound..<end, from: view.account, for: text)
            return .chosen(Self.fields(names, of: header, url))
        }
    }

    private static func fields(_ names: [[UInt8]], of header: [UInt8], _ url: MessageURL) -> [UInt8] {
        let isExcept = if case .headerFieldsNot = url.section.text { true } else { false }
        let chosen = HeaderFields(header).subset(names, except: isExcept)
        guard let partial = url.partial else { return chosen }
        let cut = partial.cut(0..<UInt64(chosen.count))
        return Array(chosen[Int(cut.lowerBound)..<Int(cut.upperBound)])
    }

    /// Octets of a message for another: what is lost of it is not filled there, since nobody could tell any more.
    func whole(
        _ entry: MessageEntry,
        _ range: Range<UInt64>,
        from account: any MailAccount,
        for url: [UInt8]
    ) async throws -> [UInt8] {
        let refusal = CommandRefusal.badURL(url, "Octets of the message are lost, or it is expunged")
        do throws(MailStoreError) {
            let octets = try await octets(of: entry, range, from: account)
            if octets.damaged.isEmpty { return octets.bytes }
        } catch {
            guard error.code == .damaged || error.code == .noSuchMessage else { throw error }
        }
        throw refusal
    }
}
