// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes

extension MailOperations {
    var accessOperations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/mail/:account/acl") { (request) throws(AdminError) in
                let wanted = try request.mailboxName()
                return try await withAccount(request) { (_, account) throws(AdminError) in
                    try await translated { () throws(MailStoreError) in try await AccessRows.all(account, wanted) }
                }
            },
            AdminOperation(.put, "v1/mail/:account/acl") { (request) throws(AdminError) in
                let rights = try request.text("rights")
                guard let change = AccessChange(letters: rights) else {
                    let shown = PrintableText.escaped(rights)
                    throw AdminError(
                        .invalid,
                        "\"\(shown)\" are no rights: letters of lrswipkxteacd, perhaps behind + or -."
                    )
                }
                let name = try MailboxName(checking: request.text("mailbox"))
                return try await self.change(name, of: request.text("identifier"), change, request)
            },
            AdminOperation(.delete, "v1/mail/:account/acl") { (request) throws(AdminError) in
                guard let name = try request.mailboxName(), let identifier = request["identifier"] else {
                    throw AdminError(.badRequest, "An entry is named by its mailbox and its identifier.")
                }
                return try await self.change(name, of: identifier, AccessChange(.replace, []), request)
            },
        ]
    }

    /// Answers with what the mailbox has from here on.
    private func change(
        _ name: MailboxName,
        of identifier: String,
        _ change: AccessChange,
        _ request: AdminRequest
    ) async throws(AdminError) -> JSONValue {
        guard let access else {
            throw AdminError(
                .unavailable,
                "Mailboxes are shared where there is one back-end worker (backend/workers 1)."
            )
        }
        return try await withAccount(request) { (_, account) throws(AdminError) in
            do throws(AccessRefusal) {
                try await AccessEditor(account, access).change(name, of: identifier, change)
            } catch {
                throw AdminError(error, identifier)
            }
            return try await translated { () throws(MailStoreError) in try await AccessRows.all(account, name) }
        }
    }
}

/// Who has rights, for listings.
private enum AccessRows {
    /// Of one mailbox, or of all that others have rights to, by name.
    static func all(_ account: any MailAccount, _ wanted: MailboxName?) async throws(MailStoreError) -> JSONValue {
        if let wanted { return .array(rows(wanted, try await account.accessList(of: wanted))) }
        let lists = try await account.accessLists()
        return .array(
            try await account.mailboxes().flatMap { mailbox in
                rows(mailbox.name, mailbox.id.flatMap { lists[$0] } ?? [:])
            }
        )
    }

    private static func rows(_ name: MailboxName, _ list: AccessList) -> [JSONValue] {
        list.sorted { $0.key < $1.key }.map {
            [
                "mailbox": .string(name.text), "identifier": .string($0.key.description),
                "rights": .string($0.value.text),
            ]
        }
    }
}

extension AdminError {
    fileprivate init(_ refusal: AccessRefusal, _ identifier: String) {
        let shown = PrintableText.escaped(identifier)
        switch refusal {
        case .unknownIdentifier: self.init(.notFound, "There is no user and no group \(shown) here.")
        case .invalidIdentifier:
            self.init(.invalid, "\(shown) cannot be an identifier: anyone, a user, or $ and a group, perhaps behind -.")
        case .owner: self.init(.invalid, "The owner of a mailbox always has all rights.")
        case .store(let error): self.init(error)
        }
    }
}
