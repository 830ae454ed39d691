// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
package import MailStore

extension AdminError {
    /// What an administrator is told, with the detail that clients do not get.
    package init(_ error: MailStoreError) {
        let code: Code =
            switch error.code {
            case .noSuchMailbox, .noSuchMessage: .notFound
            case .mailboxExists, .overQuota: .conflict
            case .forbidden: .invalid
            case .limit: .tooLarge
            case .damaged: .failure
            case .busy, .storageFull, .unavailable: .unavailable
            }
        self.init(code, error.detail.isEmpty ? error.message : "\(error.message) (\(error.detail))")
    }
}

/// Does what the store may refuse.
func translated<R>(_ body: () async throws(MailStoreError) -> R) async throws(AdminError) -> R {
    do throws(MailStoreError) { return try await body() } catch { throw AdminError(error) }
}
