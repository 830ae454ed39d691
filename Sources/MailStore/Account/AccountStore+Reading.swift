// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes
internal import Runtime

extension AccountStore {
    package func mailboxes() async throws(MailStoreError) -> [MailboxDescription] { state.descriptions }

    package func overview() async throws(MailStoreError) -> AccountOverview {
        AccountOverview(
            mailboxes: state.mailboxes.mapValues { mailbox in
                AccountOverview.Mailbox(
                    name: mailbox.name,
                    status: mailbox.status,
                    specialUse: mailbox.specialUse,
                    annotations: state.annotations[mailbox.id] ?? [:]
                )
            },
            subscriptions: state.subscriptions,
            annotations: state.annotations[AccountState.accountID] ?? [:]
        )
    }

    package func status(of name: MailboxName) async throws(MailStoreError) -> MailboxStatus {
        try mailbox(name).status
    }

    package func snapshot(of name: MailboxName) async throws(MailStoreError) -> MailboxSnapshot {
        try mailbox(name).snapshot
    }

    package func changes(in mailbox: MailboxID, since: ModSeq) async throws(MailStoreError) -> MailboxChanges {
        try self.mailbox(mailbox).changes(since: since)
    }

    package func view(of mailbox: MailboxID, at moment: MailboxMoment) async throws(MailStoreError) -> RebuiltView {
        try self.mailbox(mailbox).view(at: moment)
    }

    package nonisolated func watch(
        _ mailbox: MailboxID?,
        notify: @escaping @Sendable () -> Void
    ) -> MailboxWatch {
        watches.add(mailbox, notify)
    }

    /// Reading goes to the log directly: it waits for nobody and nobody waits for it.
    package nonisolated func read(
        _ message: MessageEntry,
        _ range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets {
        let octets = try await fill(message, range)
        guard !octets.damaged.isEmpty else { return octets }
        try await checkHeld(message)
        await noteDamage(forwarding.target(of: message.body), uid: message.uid, lost: octets.damaged)
        if services.settings.withLock({ $0.refusesDamaged }) {
            throw MailStoreError(
                .damaged,
                "message with UID \(message.uid) is damaged",
                detail: "octets \(octets.damaged) are lost"
            )
        }
        return octets
    }

    /// What was expunged may have been compacted away: a view that does not know it yet has no damage before it.
    ///
    /// Throws `.noSuchMessage` when the account has the message neither in a mailbox nor in quarantine.
    func checkHeld(_ message: MessageEntry) throws(MailStoreError) {
        let isHeld = state.mailboxes.values.contains { mailbox in
            let found = mailbox.index(of: message.uid)
            return found.isThere && mailbox.messages[found.place].email == message.email
        }
        guard !isHeld, !state.quarantine.contains(where: { $0.entry.email == message.email }) else { return }
        throw MailStoreError(.noSuchMessage, "the message with UID \(message.uid) is expunged")
    }

    /// Octets of a message, with those that are lost filled and named.
    nonisolated func fill(
        _ message: MessageEntry,
        _ range: Range<UInt64>
    ) async throws(MailStoreError) -> MessageOctets {
        let wanted = range.clamped(to: 0..<message.size)
        var body = message.body
        var octets: MessageOctets
        repeat {
            body = forwarding.target(of: body)
            octets = try await services.log.read(body, of: id, size: message.size, range: wanted)
            // Not there, or just moved away.
        } while !octets.damaged.isEmpty && forwarding.target(of: body) != body
        for lost in octets.damaged {
            Filler.fill(
                &octets.bytes,
                Int(lost.lowerBound - wanted.lowerBound)..<Int(lost.upperBound - wanted.lowerBound)
            )
        }
        return octets
    }

    package nonisolated func cachedStructure(of message: MessageEntry) async throws(MailStoreError) -> [UInt8]? {
        var body = message.body
        while true {
            body = forwarding.target(of: body)
            let structure = try await services.log.messageStructure(at: body, of: id)
            if structure != nil || forwarding.target(of: body) == body { return structure }
        }
    }

    /// So many are read on the threads that reading has; more on those of searching, for which only searches wait.
    private static let fewStructures = 256

    package nonisolated func readStructures<Made: Sendable>(
        of messages: [MessageEntry],
        into made: Made,
        _ take: @escaping @Sendable (_ made: inout Made, _ place: Int, _ structure: CachedStructure?) -> Void
    ) async -> Made {
        let bodies = forwarding.targets(of: messages.map(\.body))
        let (log, account) = (services.log, id)
        let pool = messages.count > Self.fewStructures ? searchPool : BlockingPool.shared
        return await pool.run {
            var made = made
            log.messageStructures(at: bodies, of: account) { take(&made, $0, $1) }
            return made
        }
    }

    /// The record of a message, wherever it is by now.
    private nonisolated func record(of message: MessageEntry) async throws(MailStoreError) -> MessageRecord? {
        var body = message.body
        while true {
            body = forwarding.target(of: body)
            let record = try await services.log.messageRecord(at: body, of: id)
            if record != nil || forwarding.target(of: body) == body { return record }
        }
    }

    package nonisolated func digest(of message: MessageEntry) async throws(MailStoreError) -> [UInt8] {
        if let kept = try await record(of: message)?.sha256, kept.count == 32 {
            return kept
        }
        return try await digestByReading(message)
    }

    func mailbox(_ name: MailboxName) throws(MailStoreError) -> MailboxState {
        guard let mailbox = state[name] else { throw MailStoreError(.noSuchMailbox, "no mailbox \(name)") }
        return mailbox
    }

    func mailbox(_ id: MailboxID) throws(MailStoreError) -> MailboxState {
        guard let mailbox = state.mailboxes[id] else { throw MailStoreError(.noSuchMailbox, "the mailbox is gone") }
        return mailbox
    }
}
