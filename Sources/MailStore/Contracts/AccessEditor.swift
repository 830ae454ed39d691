// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Changes who may do what with the mailboxes of an account, whoever asks for it.
///
/// The directory knows of a holder from before the first right is given until after the last is taken, so that whoever
/// has rights always finds the mailbox with LIST.
package struct AccessEditor: Sendable {
    private let account: any MailAccount
    private let directory: any AccessDirectory

    package init(_ account: any MailAccount, _ directory: any AccessDirectory) {
        self.account = account
        self.directory = directory
    }

    /// Changes what an identifier may do with a mailbox; returns when durable.
    package func change(
        _ name: MailboxName,
        of text: String,
        _ change: AccessChange
    ) async throws(AccessRefusal) {
        let list = try await asking { () throws(MailStoreError) in try await account.accessList(of: name) }
        let kept = Self.kept(text, in: list, change)
        let identifier = if let kept { kept } else { try await directory.identifier(text, in: list) }
        let isOwner = try await asking { () throws(MailStoreError) in
            try await directory.isUser(identifier.holder, of: account.id)
        }
        guard !isOwner else { throw .owner }
        try await asking { () throws(MailStoreError) in try await apply(change, to: name, of: identifier) }
    }

    /// What is taken away goes by the list first: an address may be another's since the right was given.
    private static func kept(_ text: String, in list: AccessList, _ change: AccessChange) -> AccessIdentifier? {
        guard change.mode == .replace, change.rights.isEmpty, let kept = AccessIdentifier(text), list[kept] != nil
        else {
            return nil
        }
        return kept
    }

    private func apply(
        _ change: AccessChange,
        to name: MailboxName,
        of identifier: AccessIdentifier
    ) async throws(MailStoreError) {
        let gives = !identifier.isNegative && change.mode != .remove && !change.rights.isEmpty
        if gives { try await directory.note(identifier.holder, of: account.id, shares: true) }
        try await account.changeAccess(to: name, of: identifier, change)
        if gives {
            // Somebody else may have taken it for unneeded meanwhile.
            try await directory.note(identifier.holder, of: account.id, shares: true)
        } else {
            try await forget(identifier.holder)
        }
    }

    /// Has the directory forget a holder, unless there are rights to another mailbox of the account.
    package func forget(_ holder: String) async throws(MailStoreError) {
        guard try await !names(holder) else { return }
        try await directory.note(holder, of: account.id, shares: false)
        guard try await names(holder) else { return }
        try await directory.note(holder, of: account.id, shares: true)
    }

    private func names(_ holder: String) async throws(MailStoreError) -> Bool {
        try await account.accessLists().values.contains { $0.holders.contains(holder) }
    }

    private func asking<Answer>(
        _ body: () async throws(MailStoreError) -> Answer
    ) async throws(AccessRefusal) -> Answer {
        do throws(MailStoreError) { return try await body() } catch { throw .store(error) }
    }
}
