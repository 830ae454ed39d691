// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import MailStore
package import MailTypes

/// What changes of rights to mailboxes ask, from the directory.
package struct AccountAccess: AccessDirectory {
    private let directory: AccountDirectory

    package init(_ directory: AccountDirectory) { self.directory = directory }

    package func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup {
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

    package func isUser(_ holder: String, of account: AccountID) async throws(MailStoreError) -> Bool {
        try await ask { () throws(DirectoryError) in
            try await directory.isShareHolder(holder, theUserOf: account)
        }
    }

    package func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError) {
        try await ask { () throws(DirectoryError) in
            try await directory.noteShare(holder, of: owner, isShared: shares)
        }
    }

    /// Asks the directory; throws `.unavailable` when it cannot tell.
    package func ask<Answer>(
        _ question: () async throws(DirectoryError) -> Answer
    ) async throws(MailStoreError) -> Answer {
        do throws(DirectoryError) {
            return try await question()
        } catch {
            throw MailStoreError(.unavailable, "the directory cannot be asked now", detail: error.description)
        }
    }
}
