// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailStore
internal import MailTypes
internal import SASL

/// What LIST goes by: the user's own mailboxes, and those of others that the user may see (RFC 4314 §4, LIST).
struct ListedMailboxes {
    let hierarchy: MailboxHierarchy
    /// Of others, by the name that the client knows.
    let shared: [MailboxName: MailboxPlace]

    init(own: [MailboxDescription], shared: [(place: MailboxPlace, id: MailboxID)]) {
        let subscribed = Set(own.lazy.filter(\.isSubscribed).map(\.name))
        var rows = Dictionary(own.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var places: [MailboxName: MailboxPlace] = [:]
        for (place, id) in shared where rows[place.shownName]?.id == nil {
            places[place.shownName] = place
            // What it is for is its owner's affair.
            rows[place.shownName] = MailboxDescription(
                name: place.shownName,
                id: id,
                isSubscribed: subscribed.contains(place.shownName),
                specialUse: [],
                hasChildren: false
            )
        }
        hierarchy = MailboxHierarchy(Array(rows.values))
        self.shared = places
    }
}

extension IMAPSession {
    func listedMailboxes() async throws -> ListedMailboxes {
        ListedMailboxes(own: try await account.mailboxes(), shared: await sharedMailboxes())
    }

    /// Every mailbox of others to which the user has the right `l`.
    ///
    /// An owner whose account cannot be had now is left out: LIST is not refused for that (RFC 4314 §4).
    private func sharedMailboxes() async -> [(place: MailboxPlace, id: MailboxID)] {
        guard let sharing else { return [] }
        var all: [(place: MailboxPlace, id: MailboxID)] = []
        for owner in await owners(sharing) where owner.account != user.account {
            do throws(MailStoreError) {
                all += try await mailboxes(of: owner, sharing)
            } catch {
                noteLeftOut(error)
            }
        }
        return all
    }

    private func owners(_ sharing: any MailboxSharing) async -> [AuthenticatedUser] {
        do throws(MailStoreError) {
            return try await sharing.owners(sharingWith: user)
        } catch {
            noteLeftOut(error)
            return []
        }
    }

    private func noteLeftOut(_ error: MailStoreError) {
        events.record(.imapSharerLeftOut, ["imap.detail": .string("\(error): \(error.detail)")])
    }

    private func mailboxes(
        of owner: AuthenticatedUser,
        _ sharing: any MailboxSharing
    ) async throws(MailStoreError) -> [(place: MailboxPlace, id: MailboxID)] {
        let account = try await store.account(owner.account, deadline: .now + configuration.storeWait)
        let lists = try await account.accessLists()
        let named = lists.values.reduce(into: Set<String>()) { $0.formUnion($1.holders) }
        guard !named.isEmpty else { return [] }
        let holders = try await sharing.holders(among: named, standingFor: user)
        return try await account.mailboxes().compactMap { mailbox -> (place: MailboxPlace, id: MailboxID)? in
            guard let id = mailbox.id, let rights = lists[id]?.rights(of: holders), rights.contains(.lookup),
                let name = OthersNamespace.name(of: mailbox.name, owner: owner)
            else { return nil }
            let place = MailboxPlace(
                shownName: name,
                account: account,
                name: mailbox.name,
                owner: owner,
                rights: rights
            )
            return (place, id)
        }
    }
}
