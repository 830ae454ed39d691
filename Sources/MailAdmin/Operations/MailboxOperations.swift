// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import MailStore
internal import MailTypes

extension MailOperations {
    var mailboxOperations: [AdminOperation] {
        [
            AdminOperation(.get, "v1/mail/:account/mailboxes") { (request) throws(AdminError) in
                try await withAccount(request) { (_, account) throws(AdminError) in
                    .array(try await MailboxRows.all(account))
                }
            }
        ]
    }
}

/// Mailboxes for listings.
enum MailboxRows {
    static func all(_ account: any MailAccount) async throws(AdminError) -> [JSONValue] {
        var rows: [JSONValue] = []
        let descriptions = try await translated { () throws(MailStoreError) in try await account.mailboxes() }
        for description in descriptions {
            var status: MailboxStatus?
            // It may be deleted meanwhile; it is then shown as what it was, without counts.
            if description.id != nil { status = try? await account.status(of: description.name) }
            rows.append(row(description, status))
        }
        return rows
    }

    static func row(_ description: MailboxDescription, _ status: MailboxStatus?) -> JSONValue {
        [
            "name": .string(description.name.text),
            "exists": .bool(description.id != nil),
            "subscribed": .bool(description.isSubscribed),
            "specialUse": .strings(description.specialUse.map(\.rawValue).sorted()),
            "messages": .optional(status.map { Int64($0.messages) }),
            "unseen": .optional(status.map { Int64($0.unseen) }),
            "octetsOfMail": .optional(status.map { Int64(clamping: $0.size) }),
            "uidValidity": .optional(status.map { Int64($0.uidValidity.rawValue) }),
            "uidNext": .optional(status.map { Int64($0.uidNext.rawValue) }),
            "highestModSeq": .optional(status.map { Int64(clamping: $0.highestModSeq.rawValue) }),
        ]
    }
}
