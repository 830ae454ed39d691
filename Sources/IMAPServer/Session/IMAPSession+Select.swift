// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

extension IMAPSession {
    /// Leaves what is selected, then opens a mailbox (RFC 9051 §6.3.2).
    func select(_ mailbox: String, isReadOnly: Bool) async throws -> Completion {
        view = nil
        let snapshot = try await account.snapshot(of: MailboxName(argument: mailbox))
        let view = MailboxView(snapshot, isReadOnly: isReadOnly)
        announce(view, uidNext: snapshot.status.uidNext)
        self.view = view
        return Completion(
            code: .word(isReadOnly ? .readOnly : .readWrite),
            text: isReadOnly ? "EXAMINE completed" : "SELECT completed"
        )
    }

    private func announce(_ view: MailboxView, uidNext: UID) {
        send(.flags(view.flagNames))
        let permanent = view.isReadOnly ? [] : view.flagNames.filter { $0 != Keyword.damaged.text } + ["\\*"]
        send(.untagged(StatusResponse(.ok, .permanentFlags(permanent), "Flags that are kept")))
        send(.exists(view.count))
        send(.recent(0))
        if let first = view.messages.firstIndex(where: { !$0.systemFlags.contains(.seen) }) {
            send(.untagged(StatusResponse(.ok, .unseen(view.number(first)), "First unseen message")))
        }
        send(.untagged(StatusResponse(.ok, .uidValidity(view.uidValidity), "UIDs are valid")))
        send(.untagged(StatusResponse(.ok, .uidNext(uidNext), "Predicted next UID")))
        send(.untagged(StatusResponse(.ok, .mailboxID(view.id.objectID), "Stays with the mailbox")))
    }
}
