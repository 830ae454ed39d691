// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Directory
internal import IMAPServer
internal import MailStore
internal import MailTypes
internal import SASL

/// What IMAP's sharing of mailboxes asks, from the directory.
struct AccountSharing: MailboxSharing {
    let directory: AccountDirectory

    func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup {
        let isNegative = text.hasPrefix("-")
        let holder = isNegative ? String(text.dropFirst()) : text
        switch try await ask({ () throws(DirectoryError) in try await directory.shareHolder(holder) }) {
        case .known(let holder):
            guard let identifier = AccessIdentifier(holder: holder, isNegative: isNegative) else { return .invalid }
            return .found(identifier)
        case .unknown: return .unknown
        case .invalid: return .invalid
        }
    }

    func holders(
        among holders: Set<String>,
        standingFor user: AuthenticatedUser
    ) async throws(MailStoreError) -> Set<String> {
        try await ask { () throws(DirectoryError) in
            try await directory.shareHolders(among: holders, standingFor: user)
        }
    }

    func owners(sharingWith user: AuthenticatedUser) async throws(MailStoreError) -> [AuthenticatedUser] {
        try await ask { () throws(DirectoryError) in try await directory.sharers(with: user) }
    }

    func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError) {
        try await ask { () throws(DirectoryError) in
            try await directory.noteShare(holder, of: owner, isShared: shares)
        }
    }

    private func ask<Answer>(
        _ question: () async throws(DirectoryError) -> Answer
    ) async throws(MailStoreError) -> Answer {
        do throws(DirectoryError) {
            return try await question()
        } catch {
            throw MailStoreError(.unavailable, "the directory cannot be asked now", detail: error.description)
        }
    }
}
