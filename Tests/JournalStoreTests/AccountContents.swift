// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import MailStore
import MailTypes

/// Everything that a client can see of an account.
struct AccountContents: Hashable {
    struct Message: Hashable {
        var uid: UInt32
        var flags: FlagSet
        var modSeq: ModSeq
        var date: MailDate
        var saved: Int64
        var octets: [UInt8]
        var structure: [UInt8]?
        var isDamaged: Bool
    }

    struct Mailbox: Hashable {
        var status: MailboxStatus
        var keywords: [Keyword]
        var vanished: UIDSet
        var messages: [Message]
    }

    var list: [MailboxDescription] = []
    var mailboxes: [MailboxName: Mailbox] = [:]

    init(_ account: any MailAccount) async throws {
        list = try await account.mailboxes()
        for description in list where description.id != nil {
            let snapshot = try await account.snapshot(of: description.name)
            var messages: [Message] = []
            for entry in snapshot.messages {
                let octets = try await account.read(entry, 0..<entry.size)
                messages.append(
                    Message(
                        uid: entry.uid.rawValue,
                        flags: entry.flags(keywords: snapshot.keywords),
                        modSeq: entry.modSeq,
                        date: entry.internalDate,
                        saved: entry.savedSeconds,
                        octets: octets.bytes,
                        structure: try await account.cachedStructure(of: entry),
                        isDamaged: !octets.damaged.isEmpty
                    )
                )
            }
            mailboxes[description.name] = Mailbox(
                status: snapshot.status,
                keywords: snapshot.keywords,
                vanished: try await account.changes(in: snapshot.status.id, since: .zero).vanished,
                messages: messages
            )
        }
    }

    /// The same but for what depends on the clock and on ids that the engines choose.
    func same(as other: AccountContents?) -> Bool {
        guard let other, list == other.list, mailboxes.keys == other.mailboxes.keys else { return false }
        return mailboxes.allSatisfy { name, mailbox in
            guard let twin = other.mailboxes[name] else { return false }
            var (a, b) = (mailbox, twin)
            a.status.uidValidity = b.status.uidValidity
            for place in a.messages.indices { a.messages[place].saved = 0 }
            for place in b.messages.indices { b.messages[place].saved = 0 }
            return a == b
        }
    }
}
