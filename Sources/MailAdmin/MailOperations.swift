// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
internal import JournalStore
package import MailStore
internal import MailTypes

/// The operations on one store and the accounts in it.
package struct MailOperations: Sendable {
    let provider: any StoreProvider
    /// `nil` where mailboxes are their owners' alone.
    let access: (any AccessDirectory)?
    let exclusions = Exclusions()

    package init(_ provider: any StoreProvider, access: (any AccessDirectory)? = nil) {
        self.provider = provider
        self.access = access
    }

    /// All of them.
    package var all: [AdminOperation] {
        mailboxOperations + accessOperations + messageOperations + quarantineOperations + storeOperations
            + [importOperation, exportOperation]
    }

    /// Does `body` with the account that the path names.
    func withAccount<Answer: Sendable>(
        _ request: AdminRequest,
        _ body: @Sendable (JournalStore, any MailAccount) async throws(AdminError) -> Answer
    ) async throws(AdminError) -> Answer {
        guard request.path.count > 2, let number = UInt64(request.path[2]) else {
            throw AdminError(.badRequest, "The path names no account.")
        }
        return try await provider.withStore { (store) throws(AdminError) in
            let account = try await translated { () throws(MailStoreError) in
                try await store.account(AccountID(number), deadline: .now + .seconds(10))
            }
            return try await body(store, account)
        }
    }
}

extension AdminRequest {
    /// The mailbox that the query names; `nil` for none.
    func mailboxName(_ parameter: String = "mailbox") throws(AdminError) -> MailboxName? {
        guard let text = self[parameter] else { return nil }
        return try MailboxName(checking: text)
    }
}

extension MailboxName {
    /// Throws in words for people.
    init(checking text: String) throws(AdminError) {
        guard let name = MailboxName(text) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" cannot be the name of a mailbox.")
        }
        self = name
    }
}
