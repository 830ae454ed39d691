// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

extension AccountStore {
    package func append(
        _ messages: [NewMessage],
        to name: MailboxName,
        replacing replaced: (mailbox: MailboxID, uid: UID)?
    ) async throws(MailStoreError) -> AppendedMessages {
        if replaced == nil, messages.count == 1 { return try await appendOne(messages[0], to: name) }
        let limits = await quotaLimits()
        try await enter(exclusive: true)
        defer { gate.leave(exclusive: true) }
        let mailbox = try mailbox(name)
        let octets = messages.reduce(0 as UInt64) { $0 &+ $1.content.size }
        try admit(octets: octets, messages: UInt64(messages.count), within: limits)
        var appends = try messages.map { message throws(MailStoreError) in try plan(message, mailbox) }
        if let replaced { appends += try planRemoval(of: replaced.uid, from: replaced.mailbox) }
        let uids = appends.compactMap { append -> UID? in
            if case .message(let record) = append.record { record.uid } else { nil }
        }
        try await isApplied(submit(appends))
        return AppendedMessages(uidValidity: mailbox.uidValidity, uids: UIDSet(ascending: uids))
    }

    /// Shares commits with deliveries.
    private func appendOne(_ message: NewMessage, to name: MailboxName) async throws(MailStoreError) -> AppendedMessages
    {
        let identity = await sentIdentity(of: message, in: name)
        let outcome = try await store(message, in: name, as: identity.map { .appendedCopy($0) } ?? .none)
        if let identity, outcome.wasDuplicate { return try await join(message, to: outcome, in: name, identity) }
        return AppendedMessages(
            uidValidity: outcome.uidValidity,
            uids: UIDSet(ascending: CollectionOfOne(outcome.uid))
        )
    }

    private func plan(_ message: NewMessage, _ mailbox: MailboxState) throws(MailStoreError) -> LogAppend {
        guard let content = message.content as? StagedOctets else {
            throw MailStoreError(.unavailable, "the message cannot be stored", detail: "staged by another store")
        }
        guard let uid = takeUID(mailbox) else {
            throw MailStoreError(.limit, "no UIDs are left in \(mailbox.name)")
        }
        let record = MessageRecord(
            delivery: nil,
            mailbox: mailbox.id,
            uid: uid,
            modSeq: takeModSeq(),
            flags: message.flags.withoutOwn,
            internalDate: message.internalDate,
            savedSeconds: services.now(),
            size: content.size,
            sha256: content.sha256,
            structure: content.structure,
            thread: planThread(of: content.threads, EmailID(mailbox.id, uid)),
            threadKeys: content.threads.keys
        )
        return LogAppend(.message(record), message: content)
    }

    /// Throws `.noSuchMessage` when the message is gone already.
    private func planRemoval(of uid: UID, from id: MailboxID) throws(MailStoreError) -> [LogAppend] {
        let mailbox = try mailbox(id)
        let entries = mailbox.entries(of: UIDSet(ascending: CollectionOfOne(uid)))
        guard !entries.isEmpty else {
            throw MailStoreError(.noSuchMessage, "no message \(uid) in \(mailbox.name)")
        }
        return planRemoval(entries, from: mailbox).map { LogAppend($0) }
    }
}
