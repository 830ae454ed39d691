// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
package import MailTypes

// One message, two who file it: the server when it is submitted, and the client with APPEND, in either order or at
// once. The copy that the server filed is known by its delivery id, which is kept with it; one that a client appended
// is remembered for an hour, in memory. What is not known for certain to be the same is stored beside the other.

extension AccountStore {
    package func fileSent(
        _ message: any StagedMessage,
        identity: DeliveryID,
        internalDate: MailDate
    ) async throws(MailStoreError) -> AppendOutcome {
        let name = try await sentMailboxName()
        let new = NewMessage(message, flags: FlagSet(system: .seen), internalDate: internalDate)
        return try await store(new, in: name, as: .sentCopy(identity))
    }

    /// The mailbox that clients are told to put sent mail in; without one, the one that has its name.
    private var sentMailbox: MailboxState? {
        let marked = state.mailboxes.values.filter { $0.specialUse.contains(.sent) }.min { $0.id < $1.id }
        return marked ?? state[configuredSentName]
    }

    private var configuredSentName: MailboxName {
        let folders = services.settings.withLock { $0.specialFolders }
        return folders.first { $0.uses.contains(.sent) }?.name ?? MailboxName("Sent") ?? .inbox
    }

    private func sentMailboxName() async throws(MailStoreError) -> MailboxName {
        if let name = sentMailbox?.name { return name }
        let name = configuredSentName
        do throws(MailStoreError) {
            _ = try await create(name, specialUse: [.sent])
        } catch {
            // Somebody else was first.
            guard error.code == .mailboxExists else { throw error }
        }
        return name
    }

    /// The identity of what a client appends; `nil` where no copies are filed.
    func sentIdentity(of message: NewMessage, in name: MailboxName) async -> DeliveryID? {
        guard sentMailbox?.name == name, let content = message.content as? StagedOctets else { return nil }
        return await content.sentIdentity(for: id)
    }

    /// The copy that the server filed, while it is in the mailbox.
    func filedCopy(_ identity: DeliveryID, in name: MailboxName) -> AppendOutcome? {
        state.deliveries[identity].flatMap { present(in: name, $0.mailbox, $0.uid) }
    }

    /// The copy that a client appended, while it is in the mailbox.
    func appendedCopy(_ identity: DeliveryID, in name: MailboxName) -> AppendOutcome? {
        sentCopies.place(of: identity, at: services.now()).flatMap { present(in: name, $0.mailbox, $0.uid) }
    }

    private func present(in name: MailboxName, _ id: MailboxID, _ uid: UID) -> AppendOutcome? {
        guard let mailbox = state[name], mailbox.id == id, mailbox.index(of: uid).isThere else { return nil }
        return AppendOutcome(mailbox: id, uidValidity: mailbox.uidValidity, uid: uid, wasDuplicate: true)
    }

    /// A client appends what the server has filed.
    ///
    /// The same octets stay as they are and get the client's flags. Where the client's differ, with Bcc or fields of its
    /// own, they take the place of the server's, in one change.
    func join(
        _ message: NewMessage,
        to filed: AppendOutcome,
        in name: MailboxName,
        _ identity: DeliveryID
    ) async throws(MailStoreError) -> AppendedMessages {
        let uids = UIDSet(ascending: CollectionOfOne(filed.uid))
        guard let mailbox = state.mailboxes[filed.mailbox], let entry = mailbox.entries(of: uids).first else {
            return try await appendBeside(message, in: name)
        }
        if try await digest(of: entry) == message.content.sha256 {
            if !message.flags.isEmpty {
                let change = FlagChange(.add, message.flags)
                _ = try await changeFlags(change, of: uids, in: filed.mailbox, unchangedSince: nil)
            }
            return AppendedMessages(uidValidity: filed.uidValidity, uids: uids)
        }
        let kept = entry.flags(keywords: mailbox.keywords)
        var fuller = message
        fuller.flags.system.formUnion(kept.system)
        fuller.flags.keywords.formUnion(kept.keywords)
        do throws(MailStoreError) {
            let stored = try await append([fuller], to: name, replacing: (filed.mailbox, filed.uid))
            note(stored, identity, in: name)
            return stored
        } catch {
            // It was taken away meanwhile.
            guard error.code == .noSuchMessage else { throw error }
            return try await appendBeside(message, in: name)
        }
    }

    private func appendBeside(
        _ message: NewMessage,
        in name: MailboxName
    ) async throws(MailStoreError) -> AppendedMessages {
        let outcome = try await store(message, in: name, as: .none)
        return AppendedMessages(
            uidValidity: outcome.uidValidity,
            uids: UIDSet(ascending: CollectionOfOne(outcome.uid))
        )
    }

    private func note(_ stored: AppendedMessages, _ identity: DeliveryID, in name: MailboxName) {
        guard let mailbox = state[name], let uid = stored.uids.ranges.last?.upperBound else { return }
        sentCopies.note(identity, mailbox.id, UID(uid), at: services.now())
    }
}

/// Under what a message is known that is to be stored.
enum AppendName {
    case none
    /// A delivery: one that was stored is not stored again, whatever became of it since.
    case delivery(DeliveryID)
    /// The server's copy of what the account sent, while no other is there.
    case sentCopy(DeliveryID)
    /// A client's copy of that.
    case appendedCopy(DeliveryID)

    var id: DeliveryID? {
        switch self {
        case .none: nil
        case .delivery(let id), .sentCopy(let id), .appendedCopy(let id): id
        }
    }

    /// What is kept with the message.
    var recorded: DeliveryID? {
        switch self {
        case .none, .appendedCopy: nil
        case .delivery(let id), .sentCopy(let id): id
        }
    }
}

/// The last messages that clients appended to the mailbox of sent mail.
struct AppendedCopies {
    /// Clients append within seconds of sending, but for those that were offline in between.
    private static let maximum = 64
    private static let lifetime: Int64 = 3600

    private struct Copy {
        var identity: DeliveryID
        var mailbox: MailboxID
        var uid: UID
        var seconds: Int64
    }

    /// Oldest first.
    private var copies: [Copy] = []

    mutating func note(_ identity: DeliveryID, _ mailbox: MailboxID, _ uid: UID, at seconds: Int64) {
        copies.removeAll { $0.identity == identity }
        if copies.count >= Self.maximum { copies.removeFirst() }
        copies.append(Copy(identity: identity, mailbox: mailbox, uid: uid, seconds: seconds))
    }

    func place(of identity: DeliveryID, at seconds: Int64) -> (mailbox: MailboxID, uid: UID)? {
        let found = copies.last { $0.identity == identity && seconds - $0.seconds < Self.lifetime }
        return found.map { ($0.mailbox, $0.uid) }
    }
}
