// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

extension AccountStore {
    /// More than people make, few enough to list.
    package static let maximumMailboxes = 10_000

    package func create(
        _ name: MailboxName,
        specialUse: Set<SpecialUse>
    ) async throws(MailStoreError) -> MailboxID {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        guard state[name] == nil else { throw MailStoreError(.mailboxExists, "mailbox \(name) exists") }
        var records = try planAncestors(of: name)
        let created = try planMailbox(name, specialUse)
        records.append(.mailboxCreated(created))
        records += try planAccess(of: records)
        try await isApplied(submit(records.map { LogAppend($0) }))
        return created.mailbox
    }

    private func planMailbox(
        _ name: MailboxName,
        _ specialUse: Set<SpecialUse> = [],
        isSubscribed: Bool = false
    ) throws(MailStoreError) -> MailboxCreatedRecord {
        guard state.mailboxes.count < Self.maximumMailboxes, let id = takeMailboxID() else {
            throw MailStoreError(.limit, "no more than \(Self.maximumMailboxes) mailboxes in an account")
        }
        return MailboxCreatedRecord(
            mailbox: id,
            name: name,
            uidValidity: takeUIDValidity(),
            modSeq: takeModSeq(),
            specialUse: specialUse,
            isSubscribed: isSubscribed
        )
    }

    /// Those above a name that are missing, highest first.
    private func planAncestors(of name: MailboxName) throws(MailStoreError) -> [LogRecord] {
        var missing: [MailboxName] = []
        var next = name.parent
        while let above = next, state[above] == nil {
            missing.append(above)
            next = above.parent
        }
        return try missing.reversed().map { above throws(MailStoreError) in .mailboxCreated(try planMailbox(above)) }
    }

    package func delete(_ name: MailboxName) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        guard !name.isInbox else { throw MailStoreError(.forbidden, "INBOX cannot be deleted") }
        let mailbox = try mailbox(name)
        var records: [LogRecord] = []
        var known = Set(state.quarantine.map(\.entry.email))
        let damaged = mailbox.damaged.filter { known.insert($0.email).inserted }
        if let kept = planQuarantine(damaged, of: mailbox) { records.append(.quarantined(kept)) }
        records.append(.mailboxDeleted(mailbox.id, takeModSeq()))
        try await isApplied(submit(records.map { LogAppend($0) }))
    }

    package func rename(_ name: MailboxName, to target: MailboxName) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let mailbox = try mailbox(name)
        guard state[target] == nil else { throw MailStoreError(.mailboxExists, "mailbox \(target) exists") }
        guard !target.isInbox else { throw MailStoreError(.forbidden, "INBOX cannot be renamed to") }
        var records = try planAncestors(of: target)
        if name.isInbox {
            records += try planEmptying(mailbox, into: target)
        } else {
            guard !target.isBelow(name) else {
                throw MailStoreError(.forbidden, "a mailbox cannot be moved below itself")
            }
            records.append(.mailboxesRenamed(try planRenames(from: name, to: target), takeModSeq()))
        }
        records += try planAccess(of: records)
        try await isApplied(submit(records.map { LogAppend($0) }))
    }

    /// Renaming INBOX leaves it empty; mailboxes below it stay (RFC 9051 §6.3.6).
    private func planEmptying(_ inbox: MailboxState, into target: MailboxName) throws(MailStoreError) -> [LogRecord] {
        let created = try planMailbox(target)
        let made = [LogRecord.mailboxCreated(created)] + (try planAnnotations(of: inbox, for: created))
        guard !inbox.messages.isEmpty else { return made }
        let empty = MailboxState(
            id: created.mailbox,
            name: target,
            uidValidity: created.uidValidity,
            specialUse: [],
            modSeq: created.modSeq
        )
        let transfer = try plan(Array(inbox.messages), from: inbox, to: empty, isMove: true)
        return made + [.transfer(transfer)]
    }

    /// INBOX keeps its own (RFC 5464 §4.1).
    private func planAnnotations(
        of inbox: MailboxState,
        for created: MailboxCreatedRecord
    ) throws(MailStoreError) -> [LogRecord] {
        guard let entries = state.annotations[inbox.id] else { return [] }
        guard state.annotationOctets + entries.octets <= AnnotationLimits.accountOctets else {
            throw MailStoreError(.limit, "there are too many annotations to copy those of INBOX")
        }
        let changes = entries.map { AnnotationChange($0.key, $0.value) }
        return [.annotated(AnnotationsRecord(mailbox: created.mailbox, modSeq: created.modSeq, changes: changes))]
    }

    private func planRenames(from name: MailboxName, to target: MailboxName) throws(MailStoreError) -> [MailboxRename] {
        let moving = state.names.filter { $0.key == name || $0.key.isBelow(name) }
        return try moving.map { old, id throws(MailStoreError) in
            guard let new = old.moved(from: name, to: target) else {
                throw MailStoreError(.forbidden, "a name below \(target) would be too long")
            }
            guard state.names[new] == nil || moving[new] != nil else {
                // The one that is in the way may be none that the user knows of.
                throw MailStoreError(.mailboxExists, "a mailbox \(target), or one below it, exists")
            }
            return MailboxRename(mailbox: id, name: new)
        }
    }

    package func setSubscribed(_ subscribed: Bool, _ name: MailboxName) async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        guard state.subscriptions.contains(name) != subscribed else { return }
        guard !subscribed || state.subscriptions.count < Self.maximumMailboxes else {
            throw MailStoreError(.limit, "no more than \(Self.maximumMailboxes) subscriptions")
        }
        try await isApplied(submit([LogAppend(.subscribed(name, subscribed, takeModSeq()))]))
    }

    // MARK: The account as a whole

    /// Makes what a new account has from its first moment, and an INBOX when its record was lost.
    func provision() async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        guard state[.inbox] == nil else { return provisioned.withLock { $0 = true } }
        var records: [LogRecord] = [.mailboxCreated(try planMailbox(.inbox, isSubscribed: true))]
        if state.mailboxes.isEmpty {
            var names: Set<MailboxName> = []
            for folder in services.settings.withLock({ $0.specialFolders }) where names.insert(folder.name).inserted {
                records.append(.mailboxCreated(try planMailbox(folder.name, folder.uses, isSubscribed: true)))
            }
        }
        try await isApplied(submit(records.map { LogAppend($0) }))
        provisioned.withLock { $0 = true }
    }

    /// Ends the account: its mail is gone.
    func remove() async throws(MailStoreError) {
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        try await isApplied(submit([LogAppend(.accountRemoved)]))
        isOver = true
    }
}
