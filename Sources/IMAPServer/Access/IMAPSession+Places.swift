// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import SASL

extension IMAPSession {
    /// The mailbox that a command names, once it is known that the user has the rights that the command needs.
    ///
    /// One of another user that the user has no right to see is answered as one that is not there (RFC 4314 §6). Whether
    /// an own one is there is not looked at.
    func place(named text: String, for command: (some IMAPCommand).Type) async throws -> MailboxPlace {
        try await place(of: try MailboxName(argument: text), for: command)
    }

    /// As above.
    func place(of name: MailboxName, for command: (some IMAPCommand).Type) async throws -> MailboxPlace {
        let needed = CommandRights.of(command)
        guard let place = try await visiblePlace(of: name) else {
            let text = FailureReply.sentence("no mailbox \(name)")
            throw CommandRefusal.no(needed.named.contains(.insert) ? .tryCreate : .nonexistent, text)
        }
        try check(place.rights, needed.named, on: name)
        guard !place.rights.isDisjoint(with: needed.oneOf) else { throw Self.lacks(needed.oneOf, on: name) }
        return place
    }

    /// Where a name leads at which a mailbox is to be made: below one that the user may make mailboxes in.
    ///
    /// Whatever is in the way is told in one way, since the user may not be allowed to know it.
    func placeToMake(_ name: MailboxName, for command: (some IMAPCommand).Type) async throws -> MailboxPlace {
        guard sharing != nil, OthersNamespace.contains(name.text) else { return own(name) }
        let needed = CommandRights.of(command).parent
        if var place = try await anyPlace(of: name), place.isShared,
            let rights = try await rights(above: place.name, in: place.account), rights.isSuperset(of: needed)
        {
            place.rights = rights
            return place
        }
        throw Self.lacks(needed, on: name)
    }

    /// What the user may do with the nearest mailbox above a name; `nil` when there is none.
    private func rights(above name: MailboxName, in account: any MailAccount) async throws -> MailboxRights? {
        var above = name.parent
        while let parent = above {
            if let rights = try await rights(to: parent, in: account) { return rights }
            above = parent.parent
        }
        return nil
    }

    /// An own mailbox, there or not.
    func own(_ name: MailboxName) -> MailboxPlace {
        MailboxPlace(shownName: name, account: account, name: name, owner: nil, rights: .all)
    }

    /// The place of a name, unless it is another user's and the user has nothing to do with it.
    private func visiblePlace(of name: MailboxName) async throws -> MailboxPlace? {
        guard var place = try await anyPlace(of: name) else { return nil }
        guard place.isShared else { return place }
        guard let rights = try await rights(to: place.name, in: place.account),
            !rights.isDisjoint(with: .anyThatShows)
        else { return nil }
        place.rights = rights
        return place
    }

    /// A mailbox as it is now, whether it is selected or not; `nil` when it is not there, or the user may not read it.
    func readableView(of name: MailboxName) async throws -> MailboxView? {
        guard let place = try await visiblePlace(of: name), place.rights.contains(.read) else { return nil }
        do throws(MailStoreError) {
            return MailboxView(try await place.account.snapshot(of: place.name), at: place, isReadOnly: true)
        } catch {
            guard error.code == .noSuchMailbox else { throw error }
            return nil
        }
    }

    /// Finds out what the selected mailbox is called now: another session may have renamed it, and the name may be that
    /// of another mailbox since.
    func settleName() async throws(MailStoreError) {
        guard let selected = view, !selected.isGone,
            let name = try await selected.account.mailboxes().first(where: { $0.id == selected.id })?.name
        else { return }
        guard selected.isShared else {
            view?.name = name
            return
        }
        let owner = OthersNamespace.split(selected.name)?.owner
        let shown = owner.flatMap { MailboxName(OthersNamespace.prefix + $0 + "/" + name.text) }
        view?.name = shown ?? selected.name
    }

    /// Where a name leads, without rights; `nil` for an owner who is not there, or shares nothing with
    /// the user.
    private func anyPlace(of name: MailboxName) async throws -> MailboxPlace? {
        guard let sharing, OthersNamespace.contains(name.text), let (address, inner) = OthersNamespace.split(name)
        else { return own(name) }
        // A mailbox that the user had before the namespace was there is still theirs.
        if try await rights(to: name, in: account) != nil { return own(name) }
        // Nobody's account is opened for a stranger.
        let owners = try await sharing.owners(sharingWith: user)
        guard let owner = owners.first(where: { $0.name.folded == address }), owner.account != user.account else {
            return nil
        }
        let theirs = try await store.account(owner.account, deadline: .now + configuration.storeWait)
        return MailboxPlace(shownName: name, account: theirs, name: inner, owner: owner, rights: [])
    }

    /// What others may do with a mailbox of an account, as far as it goes for the user; `nil` when it is not there.
    private func rights(to name: MailboxName, in account: any MailAccount) async throws -> MailboxRights? {
        let list: AccessList
        do throws(MailStoreError) {
            list = try await account.accessList(of: name)
        } catch {
            guard error.code == .noSuchMailbox else { throw error }
            return nil
        }
        return try await rights(by: list)
    }

    /// What a list gives the user.
    func rights(by list: AccessList) async throws -> MailboxRights {
        guard !list.isEmpty, let sharing else { return [] }
        return list.rights(of: try await sharing.holders(among: list.holders, standingFor: user))
    }

    private func check(_ rights: MailboxRights, _ needed: MailboxRights, on name: MailboxName) throws(CommandRefusal) {
        guard rights.isSuperset(of: needed) else { throw Self.lacks(needed.subtracting(rights), on: name) }
    }

    private static func lacks(_ rights: MailboxRights, on name: MailboxName) -> CommandRefusal {
        .no(.noPermission, "You need the right \(rights.text) to \(name)")
    }
}

// The selected mailbox.
extension IMAPSession {
    /// Whether the user has the rights to the selected mailbox that a command needs.
    ///
    /// A command that leaves it, or needs none selected, is done also while nobody can say: then as without any.
    func checkSelected(_ command: (some IMAPCommand).Type) async throws {
        do {
            try await refreshRights()
        } catch {
            guard !command.traits.isDisjoint(with: [.leavesMailbox, .authenticated]) else { throw error }
            view?.rights = []
        }
        guard let view, view.isShared else { return }
        try check(view.rights, CommandRights.of(command).selected, on: view.name)
    }

    /// Looks again what the user may do with the selected mailbox, when it is another user's, and tells what is
    /// different (RFC 4314 §5.1.1).
    func refreshRights() async throws {
        guard let id = view?.id, let account = view?.account, view?.isShared == true, view?.isGone == false else {
            return
        }
        let rights = try await rights(by: try await account.accessLists()[id] ?? [:])
        guard rights != view?.rights else { return }
        view?.rights = rights
        guard rights.contains(.read), let view else { return }
        send(.flags(view.flagNames))
        send(.untagged(StatusResponse(.ok, .permanentFlags(view.permanentFlags), "Flags that are kept")))
    }

    /// Changes flags of messages of the selected mailbox, as far as the user's rights go (RFC 4314 §4, STORE): flags that
    /// the user may not change stay as they are, and all of it is one change.
    ///
    /// Refused only when the rights go nowhere.
    func changeFlags(_ change: FlagChange, of uids: UIDSet, unchangedSince: ModSeq?) async throws -> FlagOutcome {
        let view = try selected()
        let rights = view.rights
        let permitted = FlagChange(change.mode, rights.permitted(change.flags), keeping: rights.keptFlags)
        let goesSomewhere = !permitted.flags.isEmpty || change.mode == .replace && !rights.isDisjoint(with: .ofFlags)
        guard goesSomewhere || rights.isSuperset(of: .ofFlags) else {
            throw Self.lacks(MailboxRights.ofFlags.subtracting(rights), on: view.name)
        }
        return try await view.account.changeFlags(
            permitted,
            of: uids,
            in: view.id,
            unchangedSince: unchangedSince
        )
    }
}
