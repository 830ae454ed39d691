// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// One row of the list of mailboxes.
package struct MailboxDescription: Sendable, Hashable {
    package var name: MailboxName
    /// `nil` for a subscribed name without a mailbox.
    package var id: MailboxID?
    package var isSubscribed: Bool
    package var specialUse: Set<SpecialUse>
    package var hasChildren: Bool

    package init(
        name: MailboxName,
        id: MailboxID?,
        isSubscribed: Bool,
        specialUse: Set<SpecialUse>,
        hasChildren: Bool
    ) {
        self.name = name
        self.id = id
        self.isSubscribed = isSubscribed
        self.specialUse = specialUse
        self.hasChildren = hasChildren
    }
}

/// The counts that STATUS and SELECT tell (RFC 9051 §6.3.11).
package struct MailboxStatus: Sendable, Hashable {
    package var id: MailboxID
    package var messages: Int
    package var unseen: Int
    package var deleted: Int
    /// Octets of all messages.
    package var size: UInt64
    /// Octets of the messages that have `\Deleted`.
    package var deletedSize: UInt64
    package var uidNext: UID
    package var uidValidity: UIDValidity
    package var highestModSeq: ModSeq

    package init(
        id: MailboxID,
        messages: Int,
        unseen: Int,
        deleted: Int,
        size: UInt64,
        deletedSize: UInt64 = 0,
        uidNext: UID,
        uidValidity: UIDValidity,
        highestModSeq: ModSeq
    ) {
        self.id = id
        self.messages = messages
        self.unseen = unseen
        self.deleted = deleted
        self.size = size
        self.deletedSize = deletedSize
        self.uidNext = uidNext
        self.uidValidity = uidValidity
        self.highestModSeq = highestModSeq
    }
}

/// A mailbox at one moment: a value that stays as it is while the mailbox goes on.
package struct MailboxSnapshot: Sendable {
    package var name: MailboxName
    package var status: MailboxStatus
    /// Bit `n` of a message's `keywordBits` stands for `keywords[n]`.
    ///
    /// Grows at its end only, at most 128.
    package var keywords: [Keyword]
    /// By ascending UID.
    package var messages: MessageTable

    package init(name: MailboxName, status: MailboxStatus, keywords: [Keyword], messages: MessageTable) {
        self.name = name
        self.status = status
        self.keywords = keywords
        self.messages = messages
    }
}

/// What happened to a mailbox since a mod-sequence.
package struct MailboxChanges: Sendable {
    package var status: MailboxStatus
    package var keywords: [Keyword]
    /// New and changed messages that are there now, by ascending UID.
    package var changed: [MessageEntry]
    /// UIDs that were expunged since.
    package var vanished: UIDSet

    package init(status: MailboxStatus, keywords: [Keyword], changed: [MessageEntry], vanished: UIDSet) {
        self.status = status
        self.keywords = keywords
        self.changed = changed
        self.vanished = vanished
    }
}

/// Where a message's octets are: opaque to everyone but the engine that made it.
///
/// Copies of a message have the same.
package struct BodyReference: Sendable, Hashable {
    package var segment: UInt32
    /// Octets between `offset` and the message.
    package var preamble: UInt32
    package var offset: UInt64

    package init(segment: UInt32, offset: UInt64, preamble: UInt32 = 0) {
        self.segment = segment
        self.preamble = preamble
        self.offset = offset
    }
}

/// One message of a mailbox, as kept in memory for every open mailbox: small, without its octets.
package struct MessageEntry: Sendable, Hashable {
    package var uid: UID
    package var systemFlags: SystemFlags
    /// Zone of the internal date, minutes east of UTC.
    package var zoneMinutes: Int16
    /// Internal date, seconds since 1970.
    package var internalSeconds: Int64
    /// When it came into this mailbox, seconds since 1970 (RFC 8514 §1).
    package var savedSeconds: Int64
    /// RFC822.SIZE: octets as received, exact.
    package var size: UInt64
    package var modSeq: ModSeq
    package var keywordBits: UInt128
    package var body: BodyReference
    /// The same for all copies of the message.
    package var email: EmailID
    package var thread: ThreadID

    package init(
        uid: UID,
        systemFlags: SystemFlags,
        keywordBits: UInt128,
        internalDate: MailDate,
        savedSeconds: Int64,
        size: UInt64,
        modSeq: ModSeq,
        body: BodyReference,
        email: EmailID = EmailID(0),
        thread: ThreadID = ThreadID(0)
    ) {
        self.uid = uid
        self.systemFlags = systemFlags
        self.keywordBits = keywordBits
        zoneMinutes = internalDate.zoneMinutes
        internalSeconds = internalDate.secondsSince1970
        self.savedSeconds = savedSeconds
        self.size = size
        self.modSeq = modSeq
        self.body = body
        self.email = email
        self.thread = thread
    }

    package var internalDate: MailDate { MailDate(secondsSince1970: internalSeconds, zoneMinutes: zoneMinutes) }

    /// The flags by name, given the keyword table of the snapshot or change this entry came with.
    package func flags(keywords: [Keyword]) -> FlagSet {
        guard keywordBits != 0 else { return FlagSet(system: systemFlags) }
        let named = keywords.indices.filter { $0 < 128 && keywordBits >> UInt128($0) & 1 == 1 }.map { keywords[$0] }
        return FlagSet(system: systemFlags, keywords: Set(named))
    }
}

/// What STORE does to flags.
package struct FlagChange: Sendable, Hashable {
    package enum Mode: Sendable, Hashable { case replace, add, remove }
    package var mode: Mode
    package var flags: FlagSet
    /// What a replacement leaves as it is; of no meaning to the other modes.
    package var kept: KeptFlags

    package init(_ mode: Mode, _ flags: FlagSet, keeping kept: KeptFlags = .none) {
        self.mode = mode
        self.flags = flags
        self.kept = mode == .replace ? kept : .none
    }

    /// Flags of a message after the change, by the flags it had.
    package func result(on before: FlagSet) -> FlagSet {
        switch mode {
        case .replace:
            let left = kept.part(of: before)
            return FlagSet(
                system: flags.system.union(left.system),
                keywords: flags.keywords.union(left.keywords)
            )
        case .add:
            return FlagSet(
                system: before.system.union(flags.system),
                keywords: before.keywords.union(flags.keywords)
            )
        case .remove:
            return FlagSet(
                system: before.system.subtracting(flags.system),
                keywords: before.keywords.subtracting(flags.keywords)
            )
        }
    }
}

/// Flags that somebody may neither set nor clear (RFC 4314 §4, STORE): rights part keywords from no other keywords.
package struct KeptFlags: Sendable, Hashable {
    package var system: SystemFlags
    /// Whether all keywords are kept.
    package var keywords: Bool

    package init(system: SystemFlags, keywords: Bool) {
        self.system = system
        self.keywords = keywords
    }

    package static let none = KeptFlags(system: [], keywords: false)

    /// Those of some flags that are kept.
    package func part(of flags: FlagSet) -> FlagSet {
        FlagSet(system: flags.system.intersection(system), keywords: keywords ? flags.keywords : [])
    }
}

extension FlagChange {
    /// Whether a message may not be changed, since it has been changed after `since` (RFC 7162 §3.1.3).
    ///
    /// With 0, a keyword may be added where it is not: that is how clients agree on who does something.
    package func isRefused(by entry: MessageEntry, since: ModSeq, keywords: [Keyword]) -> Bool {
        guard since == .zero, mode == .add, flags.system.isEmpty, !flags.keywords.isEmpty else {
            return entry.modSeq > since
        }
        return !entry.flags(keywords: keywords).keywords.isDisjoint(with: flags.keywords)
    }
}

package struct FlagOutcome: Sendable {
    /// Messages that exist and were not refused, with their flags after the change, by ascending UID.
    package var messages: [MessageEntry]
    package var keywords: [Keyword]
    /// Left alone because of `unchangedSince`.
    package var modified: UIDSet

    package init(messages: [MessageEntry], keywords: [Keyword], modified: UIDSet) {
        self.messages = messages
        self.keywords = keywords
        self.modified = modified
    }
}

package struct AppendOutcome: Sendable, Hashable {
    package var mailbox: MailboxID
    package var uidValidity: UIDValidity
    package var uid: UID
    /// True when `delivery` had been stored before, and nothing was added.
    package var wasDuplicate: Bool

    package init(mailbox: MailboxID, uidValidity: UIDValidity, uid: UID, wasDuplicate: Bool) {
        self.mailbox = mailbox
        self.uidValidity = uidValidity
        self.uid = uid
        self.wasDuplicate = wasDuplicate
    }
}

package struct TransferOutcome: Sendable, Hashable {
    package var targetUIDValidity: UIDValidity
    /// Source and target UIDs, pair by pair, ascending (RFC 4315 §3 COPYUID).
    package var pairs: [(source: UID, target: UID)]

    package init(targetUIDValidity: UIDValidity, pairs: [(source: UID, target: UID)]) {
        self.targetUIDValidity = targetUIDValidity
        self.pairs = pairs
    }

    package static func == (a: Self, b: Self) -> Bool {
        a.targetUIDValidity == b.targetUIDValidity && a.pairs.elementsEqual(b.pairs) { $0 == $1 }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(targetUIDValidity)
        for pair in pairs { hasher.combine(pair.source) }
    }
}

package struct ExpungeOutcome: Sendable, Hashable {
    package var vanished: UIDSet
    package var modSeq: ModSeq

    package init(vanished: UIDSet, modSeq: ModSeq) {
        self.vanished = vanished
        self.modSeq = modSeq
    }
}

/// The structure of a message as it was cached at delivery (`MessageFormat` wrote it), among the octets that it was read
/// with.
package struct CachedStructure: Sendable {
    package let octets: [UInt8]
    /// Where in `octets` it lies, and within them.
    package let place: Range<Int>

    /// One that was read alone.
    package init(_ octets: [UInt8]) { self.init(octets, at: 0..<octets.count) }

    /// - Precondition: `place` lies within `octets`.
    package init(_ octets: [UInt8], at place: Range<Int>) {
        self.octets = octets
        self.place = place
    }
}

/// Octets of a message.
///
/// Always as many as were asked for, within the message's size.
package struct MessageOctets: Sendable {
    package var bytes: [UInt8]
    /// Ranges (offsets in the message) that were lost and stand filled in `bytes`.
    package var damaged: [Range<UInt64>]

    package init(bytes: [UInt8], damaged: [Range<UInt64>] = []) {
        self.bytes = bytes
        self.damaged = damaged
    }
}
