// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import SASL

// Who has rights to a mailbox.
extension IMAPSession {
    /// The identifier that a client means, in the form in which it is kept.
    ///
    /// - Parameter list: what is in it is known though the user or group is there no more.
    func accessIdentifier(_ text: String, in list: AccessList) async throws -> AccessIdentifier {
        guard let sharing else { throw Self.refusal(.unknownIdentifier) }
        do throws(AccessRefusal) {
            return try await sharing.identifier(text, in: list)
        } catch {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ refusal: AccessRefusal) -> any Error {
        switch refusal {
        case .unknownIdentifier: CommandRefusal.no(.cannot, "No such user or group here")
        case .invalidIdentifier:
            CommandRefusal.bad("An identifier is anyone, a user, or $ and a group, perhaps behind -")
        case .owner: CommandRefusal.no(.cannot, "The owner of a mailbox always has all rights")
        case .store(let error): error
        }
    }

    /// Whether it stands for the owner of a mailbox, who always has all rights (RFC 4314 §2).
    func isOwner(_ identifier: AccessIdentifier, of place: MailboxPlace) -> Bool {
        identifier.holder == (place.owner ?? user).name.folded
    }

    /// Changes what an identifier may do with a mailbox.
    func changeAccess(to place: MailboxPlace, of text: String, _ change: AccessChange) async throws {
        guard let sharing else { throw Self.refusal(.unknownIdentifier) }
        do throws(AccessRefusal) {
            try await AccessEditor(place.account, sharing).change(place.name, of: text, change)
        } catch {
            throw Self.refusal(error)
        }
    }

    /// Deletes a mailbox; the directory forgets those who had rights there and have none to another one.
    func delete(_ place: MailboxPlace) async throws {
        let list = try await place.account.accessList(of: place.name)
        try await place.account.delete(place.name)
        guard let sharing else { return }
        let editor = AccessEditor(place.account, sharing)
        do throws(MailStoreError) {
            for holder in list.holders { try await editor.forget(holder) }
        } catch {
            // It is deleted all the same, and LIST goes by what there is.
            events.record(.imapSharerLeftOut, ["imap.detail": .string("\(error): \(error.detail)")])
        }
    }

    /// Tells the directory anew who has rights to the user's mailboxes: it may come from an older backup than the mail.
    func mendSharing() async {
        guard let sharing else { return }
        do throws(MailStoreError) {
            let lists = try await account.accessLists()
            for holder in lists.values.reduce(into: Set<String>(), { $0.formUnion($1.holders) }) {
                try await sharing.note(holder, of: user.account, shares: true)
            }
        } catch {
            events.record(.imapSharerLeftOut, ["imap.detail": .string("\(error): \(error.detail)")])
        }
    }
}

extension SessionFacts {
    /// Without sharing, what is about rights is no command.
    func checkSharing(_ name: StaticString) throws(CommandRefusal) {
        guard sharesMailboxes else { throw .bad(SessionTable.unknown("\(name)")) }
    }
}
