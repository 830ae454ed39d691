// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import SASL

/// Where the name of a mailbox leads: to an account, the user's own or another's, and a name there.
struct MailboxPlace: Sendable {
    /// As the client knows it.
    let shownName: MailboxName
    let account: any MailAccount
    /// In the account.
    let name: MailboxName
    /// Whose it is; `nil` for the user's own.
    let owner: AuthenticatedUser?
    /// What the user may do: with own mailboxes everything.
    var rights: MailboxRights

    var isShared: Bool { owner != nil }
}

/// The namespace of other users (RFC 2342 §5): `Other Users`, the owner's address, the owner's name of the mailbox.
enum OthersNamespace {
    static let root = "Other Users"
    static let prefix = root + "/"

    /// The owner and the name of the mailbox there, when a name lies that deep in the namespace.
    static func split(_ name: MailboxName) -> (owner: String, name: MailboxName)? {
        guard name.text.hasPrefix(prefix) else { return nil }
        let rest = name.text.dropFirst(prefix.count)
        guard let end = rest.firstIndex(of: MailboxName.delimiter),
            let inner = MailboxName(String(rest[rest.index(after: end)...]))
        else { return nil }
        return (String(rest[..<end]), inner)
    }

    /// What a mailbox of another user is called; `nil` when that is no name.
    static func name(of mailbox: MailboxName, owner: AuthenticatedUser) -> MailboxName? {
        let address = owner.name.folded
        guard !address.contains(MailboxName.delimiter) else { return nil }
        return MailboxName(prefix + address + "/" + mailbox.text)
    }

    /// Whether a name is the namespace itself, or lies in it.
    static func contains(_ name: String) -> Bool { name == root || name.hasPrefix(prefix) }
}
