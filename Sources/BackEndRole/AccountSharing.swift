// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import IMAPServer
internal import MailAdmin
internal import MailStore
internal import MailTypes
internal import SASL

/// What IMAP's sharing of mailboxes asks, from the directory.
struct AccountSharing: MailboxSharing {
    private let directory: AccountDirectory
    private let access: AccountAccess

    init(directory: AccountDirectory) {
        self.directory = directory
        access = AccountAccess(directory)
    }

    func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup { try await access.identifier(text) }

    func isUser(_ holder: String, of account: AccountID) async throws(MailStoreError) -> Bool {
        try await access.isUser(holder, of: account)
    }

    func holders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(MailStoreError) -> Set<String> {
        try await access.ask { () throws(DirectoryError) in
            try await directory.shareHolders(among: holders, standingFor: user)
        }
    }

    func owners(sharingWith user: AuthenticatedUser) async throws(MailStoreError) -> [AuthenticatedUser] {
        try await access.ask { () throws(DirectoryError) in try await directory.sharers(with: user) }
    }

    func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError) {
        try await access.note(holder, of: owner, shares: shares)
    }
}
