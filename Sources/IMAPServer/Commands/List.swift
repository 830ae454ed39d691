// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension ListCommand: SessionCommand {
    /// Asked for with an empty pattern, the delimiter and the root of the reference (RFC 9051 §6.3.9).
    private static let root = Response.list(MailboxListing(attributes: ["\\Noselect"], name: ""))

    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard facts.sharesMailboxes || !returned.contains(.myRights) else { throw .bad("LIST: MYRIGHTS is not known") }
    }

    func perform(in session: IMAPSession) async throws -> Completion {
        if statusItems.contains(.highestModSeq) { session.enableModSeqs() }
        if !isExtended, patterns == [""] {
            session.send(Self.root)
            return .done
        }
        let patterns = try patterns.map { (pattern) throws(CommandRefusal) in
            try MailboxPattern(reference: reference, pattern: pattern)
        }
        let listed = try await session.listedMailboxes()
        for node in listed.hierarchy.nodes where patterns.contains(where: { $0.matches(node.name.text) }) {
            guard var row = row(for: node, isExtended || session.enabled.contains(.imap4rev2)) else { continue }
            let place = listed.shared[node.name] ?? session.own(node.name)
            if node.exists, !place.rights.contains(.read) { row.attributes.insert("\\Noselect", at: 0) }
            session.send(.list(row))
            if node.exists { try await sendMore(of: place, in: session) }
            try await session.connection.flushIfLarge()
        }
        return .done
    }

    /// What is asked for beside the row, as far as the user's rights go.
    private func sendMore(of place: MailboxPlace, in session: IMAPSession) async throws {
        if returned.contains(.myRights) {
            session.send(.myRights(mailbox: place.shownName.text, place.rights.textWithVirtualRights))
        }
        guard place.rights.contains(.read) else { return }
        if !statusItems.isEmpty { try await sendStatus(of: place, in: session) }
        if !annotations.isEmpty { try await sendAnnotations(of: place, in: session) }
    }

    /// `nil` when the selection options leave the mailbox out.
    private func row(for node: MailboxHierarchy.Node, _ tellsAbsence: Bool) -> MailboxListing? {
        let uses = node.mailbox?.specialUse ?? []
        let isWanted =
            selection.contains(.subscribed)
            ? node.isSubscribed
            : node.exists || (selection.isDisjoint(with: .specialUse) && node.hasChildren)
        let hasUse = !selection.contains(.specialUse) || !uses.isEmpty
        let isParent = wantedBelow.map { node.below.contains($0) } ?? false
        guard isWanted && hasUse || isParent else { return nil }
        var row = node.listing(
            isExtended: tellsAbsence,
            withSubscription: selection.contains(.subscribed) || returned.contains(.subscribed)
        )
        if isParent {
            row.childInfo =
                (selection.contains(.subscribed) ? ["SUBSCRIBED"] : [])
                + (selection.contains(.specialUse) ? ["SPECIAL-USE"] : [])
        }
        return row
    }

    /// What has to lie below a mailbox that is listed for that alone (RFC 5258 §3.5, RFC 6154 §3).
    private var wantedBelow: MailboxHierarchy.Below? {
        guard selection.contains(.recursiveMatch) else { return nil }
        switch (selection.contains(.subscribed), selection.contains(.specialUse)) {
        case (true, true): return .subscribedSpecialUse
        case (true, false): return .subscribed
        case (false, true): return .specialUse
        case (false, false): return nil
        }
    }

    /// The STATUS response behind a row (RFC 5819 §2); none when the mailbox was deleted meanwhile.
    private func sendStatus(of place: MailboxPlace, in session: IMAPSession) async throws {
        do throws(MailStoreError) {
            let status = try await place.account.status(of: place.name)
            session.send(session.statusResponse(place.shownName, status, statusItems))
        } catch {
            guard error.code == .noSuchMailbox else { throw error }
        }
    }

    /// The METADATA response behind a row, with NIL for what there is not (RFC 9590 §3); none when the mailbox was
    /// deleted meanwhile.
    private func sendAnnotations(of place: MailboxPlace, in session: IMAPSession) async throws {
        do throws(MailStoreError) {
            let known = try await session.annotations(at: place)
            session.send(
                .metadata(mailbox: place.shownName.text, annotations.unique.map { MetadataEntry($0, known[$0]) })
            )
        } catch {
            guard error.code == .noSuchMailbox else { throw error }
        }
    }
}
