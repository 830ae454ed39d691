// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import Runtime

extension SelectParameters {
    /// QRESYNC says what a client knows, and has to be enabled (RFC 7162 §3.2.5).
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard resynchronization == nil || facts.enabled.contains(.qresync) else {
            throw .bad("QRESYNC must be enabled first")
        }
        guard resynchronization?.match == nil || !facts.enabled.contains(.uidOnly) else { throw .uidRequired }
    }
}

extension IMAPSession {
    /// Leaves what is selected, then opens a mailbox (RFC 9051 §6.3.2).
    func select(_ mailbox: String, _ parameters: SelectParameters, isReadOnly: Bool) async throws -> Completion {
        if view != nil {
            view = nil
            dueModSeq = nil
            send(.untagged(StatusResponse(.ok, .word(.closed), "The mailbox before is left")))
        }
        if parameters.wantsModSeqs { enableModSeqs() }
        let place = try await place(named: mailbox, for: SelectCommand.self)
        let snapshot = try await place.account.snapshot(of: place.name)
        let view = MailboxView(snapshot, at: place, isReadOnly: isReadOnly)
        announce(view, uidNext: snapshot.status.uidNext)
        if enabled.contains(.imap4rev2) { try await announceListing(of: place.shownName, askedFor: mailbox) }
        if let known = parameters.resynchronization { try await resynchronize(view, known) }
        self.view = view
        watchShared()
        return Completion(
            code: .word(view.isUnchangeable ? .readOnly : .readWrite),
            text: isReadOnly ? "EXAMINE completed" : "SELECT completed"
        )
    }

    private func announce(_ view: MailboxView, uidNext: UID) {
        var encoder = WireEncoder(textForm: enabled.textForm)
        encoder.response(.flags(view.flagNames))
        encoder.ok(.permanentFlags(view.permanentFlags), "Flags that are kept")
        encoder.response(.exists(view.count))
        if !enabled.contains(.imap4rev2) { announceRecent(view, &encoder) }
        encoder.ok(.uidValidity(view.uidValidity), "UIDs are valid")
        encoder.ok(.uidNext(uidNext), "Predicted next UID")
        encoder.ok(.highestModSeq(view.toldModSeq), "Highest")
        encoder.ok(.mailboxID(view.id.objectID), "Stays with the mailbox")
        connection.write(encoder.bytes)
    }

    /// What RFC 9051 has no more.
    private func announceRecent(_ view: MailboxView, _ encoder: inout WireEncoder) {
        encoder.response(.recent(0))
        guard !enabled.contains(.uidOnly), let first = view.messages.firstUnseen else { return }
        encoder.ok(.unseen(view.number(first)), "First unseen message")
    }

    /// The mailbox as LIST tells it, with the name that the client used where that is another (RFC 9051 §6.3.2).
    private func announceListing(of name: MailboxName, askedFor: String) async throws {
        let hierarchy = try await listedMailboxes().hierarchy
        guard let node = hierarchy.nodes.first(where: { $0.name == name }) else { return }
        var row = node.listing(isExtended: true, withSubscription: true)
        if askedFor != name.text { row.oldName = askedFor }
        send(.list(row))
    }

    /// What is different from what the client knows: UIDs that are gone, then flags (RFC 7162 §3.2.5.2).
    ///
    /// Nothing when it knows another series of UIDs.
    private func resynchronize(_ view: MailboxView, _ known: SelectParameters.Resynchronization) async throws {
        guard known.uidValidity == view.uidValidity else { return }
        let set = known.knownUIDs.map { UIDSet($0.resolved(largest: 0)) }
        let gone = try await vanished(from: view, since: known.modSeq, among: set)
        var encoder = WireEncoder()
        encoder.vanished(gone, isEarlier: true)
        for (index, entry) in view.messages.enumerated() {
            if index.isMultiple(of: 256) { await giveWay() }
            guard entry.modSeq > known.modSeq, set?.contains(entry.uid) ?? true else { continue }
            encoder.flagsResponse(view, index, enabled)
            guard encoder.bytes.count > 16_384 else { continue }
            try await connection.send(encoder.bytes)
            encoder = WireEncoder()
        }
        connection.write(encoder.bytes)
    }

    /// UIDs that were expunged since a mod-sequence, of those in `set` when there is one, and which the view does not
    /// have.
    func vanished(from view: MailboxView, since modSeq: ModSeq, among set: UIDSet?) async throws -> UIDSet {
        let all = try await view.account.changes(in: view.id, since: modSeq).vanished
        let known = all.subtracting(UIDSet(ascending: view.messages.lazy.map { $0.uid }))
        return set.map { known.intersection($0) } ?? known
    }
}

extension WireEncoder {
    /// An untagged OK that a code says something with.
    fileprivate mutating func ok(_ code: ResponseCode, _ text: String) {
        response(.untagged(StatusResponse(.ok, code, text)))
    }
}
