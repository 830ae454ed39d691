// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import SASL

// Who has rights to a mailbox.
extension IMAPSession {
    /// The identifier that a client means, in the form in which it is kept.
    ///
    /// - Parameter list: what is in it is known though the user or group is there no more.
    func accessIdentifier(_ text: String, in list: AccessList) async throws -> AccessIdentifier {
        switch try await sharing?.identifier(text) ?? .unknown {
        case .found(let identifier): return identifier
        case .unknown:
            if let kept = AccessIdentifier(text), list[kept] != nil { return kept }
            throw CommandRefusal.no(.cannot, "No such user or group here")
        case .invalid: throw CommandRefusal.bad("An identifier is anyone, a user, or $ and a group, perhaps behind -")
        }
    }

    /// What is taken away goes by the list first: an address may be another's since the right was given.
    private func keptIdentifier(_ text: String, in list: AccessList, _ change: AccessChange) -> AccessIdentifier? {
        guard change.mode == .replace, change.rights.isEmpty, let kept = AccessIdentifier(text), list[kept] != nil
        else {
            return nil
        }
        return kept
    }

    /// Whether it stands for the owner of a mailbox, who always has all rights (RFC 4314 §2).
    func isOwner(_ identifier: AccessIdentifier, of place: MailboxPlace) -> Bool {
        identifier.holder == (place.owner ?? user).name.folded
    }

    /// Changes what an identifier may do with a mailbox.
    ///
    /// The directory knows of it from before the first right is given until after the last is taken, so that whoever has
    /// rights always finds the mailbox with LIST.
    func changeAccess(to place: MailboxPlace, of text: String, _ change: AccessChange) async throws {
        let list = try await place.account.accessList(of: place.name)
        let kept = keptIdentifier(text, in: list, change)
        let identifier = if let kept { kept } else { try await accessIdentifier(text, in: list) }
        guard !isOwner(identifier, of: place) else {
            throw CommandRefusal.no(.cannot, "The owner of a mailbox always has all rights")
        }
        guard let sharing else { return }
        let owner = (place.owner ?? user).account
        let gives = !identifier.isNegative && change.mode != .remove && !change.rights.isEmpty
        if gives { try await sharing.note(identifier.holder, of: owner, shares: true) }
        try await place.account.changeAccess(to: place.name, of: identifier, change)
        if gives {
            // Another session may have taken it for unneeded meanwhile.
            try await sharing.note(identifier.holder, of: owner, shares: true)
        } else {
            try await forget(identifier.holder, of: owner, in: place.account, sharing)
        }
    }

    /// Deletes a mailbox; the directory forgets those who had rights there and have none to another one.
    func delete(_ place: MailboxPlace) async throws {
        let list = try await place.account.accessList(of: place.name)
        try await place.account.delete(place.name)
        guard let sharing else { return }
        do throws(MailStoreError) {
            for holder in list.holders {
                try await forget(holder, of: (place.owner ?? user).account, in: place.account, sharing)
            }
        } catch {
            // It is deleted all the same, and LIST goes by what there is.
            events.record(.imapSharerLeftOut, ["imap.detail": .string("\(error): \(error.detail)")])
        }
    }

    /// Has the directory forget a holder who has no rights to any mailbox of an account any more.
    private func forget(
        _ holder: String,
        of owner: AccountID,
        in account: any MailAccount,
        _ sharing: any MailboxSharing
    ) async throws(MailStoreError) {
        guard try await !names(holder, in: account) else { return }
        try await sharing.note(holder, of: owner, shares: false)
        guard try await names(holder, in: account) else { return }
        try await sharing.note(holder, of: owner, shares: true)
    }

    /// Tells the directory anew who has rights to the user's mailboxes: it may come from an older backup than the mail.
    func mendSharing() async {
        guard let sharing else { return }
        do throws(MailStoreError) {
            let lists = try await account.accessLists()
            for holder in lists.values.reduce(into: Set<String>(), { $0.formUnion($1.holders) }) {
                try await sharing.note(holder, of: user.account, shares: true)
            }
        } catch {
            events.record(.imapSharerLeftOut, ["imap.detail": .string("\(error): \(error.detail)")])
        }
    }

    private func names(_ holder: String, in account: any MailAccount) async throws(MailStoreError) -> Bool {
        try await account.accessLists().values.contains { $0.holders.contains(holder) }
    }
}

extension SessionFacts {
    /// Without sharing, what is about rights is no command.
    func checkSharing(_ name: StaticString) throws(CommandRefusal) {
        guard sharesMailboxes else { throw .bad(SessionTable.unknown("\(name)")) }
    }
}
