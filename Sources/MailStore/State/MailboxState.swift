// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// One mailbox as the fold of its records.
package struct MailboxState: Sendable, Hashable {
    /// RFC 9051 does not bound keywords; this keeps every one in a bit, and clients that make a keyword a message out.
    package static let maximumKeywords = 120
    /// There is always room for those that the store sets.
    package static let keywordBits = 128

    package let id: MailboxID
    package var name: MailboxName
    package internal(set) var uidValidity: UIDValidity
    package var specialUse: Set<SpecialUse>
    /// By ascending UID.
    package internal(set) var messages = MessageTable()
    package internal(set) var keywords: [Keyword] = []
    package internal(set) var uidNext: UInt64 = 1
    package internal(set) var highestModSeq: ModSeq
    /// The last change that was anything else than a message at the end.
    package internal(set) var lastInnerChange: ModSeq
    package internal(set) var vanished = VanishedLog()
    package internal(set) var arrivals = ArrivalLog()
    package internal(set) var unseen = 0
    package internal(set) var deleted = 0
    package internal(set) var size: UInt64 = 0
    package internal(set) var deletedSize: UInt64 = 0

    package init(
        id: MailboxID,
        name: MailboxName,
        uidValidity: UIDValidity,
        specialUse: Set<SpecialUse>,
        modSeq: ModSeq
    ) {
        self.id = id
        self.name = name
        self.uidValidity = uidValidity
        self.specialUse = specialUse
        highestModSeq = modSeq
        lastInnerChange = modSeq
    }

    package var status: MailboxStatus {
        MailboxStatus(
            id: id,
            messages: messages.count,
            unseen: unseen,
            deleted: deleted,
            size: size,
            deletedSize: deletedSize,
            uidNext: UID(UInt32(clamping: uidNext)),
            uidValidity: uidValidity,
            highestModSeq: highestModSeq
        )
    }

    package var snapshot: MailboxSnapshot {
        MailboxSnapshot(name: name, status: status, keywords: keywords, messages: messages)
    }

    // MARK: Looking

    /// Where a UID is or would be; O(log messages).
    package func index(of uid: UID) -> (place: Int, isThere: Bool) {
        if let last = messages.last, last.uid < uid { return (messages.count, false) }
        var (low, high) = (0, messages.count)
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].uid < uid { low = middle + 1 } else { high = middle }
        }
        return (low, low < messages.count && messages[low].uid == uid)
    }

    /// Places of the messages that a set names, ascending; O(ranges * log messages + messages named).
    package func places(of uids: UIDSet) -> [Int] {
        var places: [Int] = []
        for range in uids.ranges {
            var place = index(of: UID(range.lowerBound)).place
            while place < messages.count, messages[place].uid.rawValue <= range.upperBound {
                places.append(place)
                place += 1
            }
        }
        return places
    }

    package func entries(of uids: UIDSet) -> [MessageEntry] { places(of: uids).map { messages[$0] } }

    /// What is different since a mod-sequence.
    ///
    /// Costs what has changed when only new messages have, else a pass over all messages.
    package func changes(since: ModSeq) -> MailboxChanges {
        let changed: [MessageEntry]
        if since >= lastInnerChange {
            var first = messages.count
            while first > 0, messages[first - 1].modSeq > since { first -= 1 }
            changed = Array(messages[first...])
        } else {
            changed = messages.filter { $0.modSeq > since }
        }
        return MailboxChanges(
            status: status,
            keywords: keywords,
            changed: changed,
            vanished: vanished.since(since)
        )
    }

    /// What a session saw that had been told so much and no more; O(messages).
    package func view(at moment: MailboxMoment) -> RebuiltView {
        guard moment.uidValidity == uidValidity, moment.modSeq <= highestModSeq,
            moment.expungeModSeq >= vanished.exactSince, let next = arrivals.uidNext(at: moment.modSeq)
        else { return .unknown }
        guard next > 1 else { return .exact(UIDSet()) }
        var uids = UIDSet(ascending: messages.lazy.map(\.uid))
        uids.formUnion(vanished.since(moment.expungeModSeq))
        return .exact(uids.upTo(UID(UInt32(clamping: next - 1))))
    }

    // MARK: Changing

    package mutating func insert(_ entry: MessageEntry) {
        let (place, isThere) = index(of: entry.uid)
        guard !isThere else { return }
        messages.insert(entry, at: place)
        if place != messages.count - 1 { lastInnerChange = max(lastInnerChange, entry.modSeq) }
        uidNext = max(uidNext, UInt64(entry.uid.rawValue) + 1)
        arrivals.add(entry.modSeq, uidNext: uidNext, seconds: entry.savedSeconds)
        highestModSeq = max(highestModSeq, entry.modSeq)
        count(entry, 1)
    }

    mutating func apply(_ record: FlagsRecord) {
        let bits = keywordBits(record.change.flags.keywords)
        let kept = damagedBit
        for place in places(of: record.uids) {
            count(messages[place], -1)
            messages[place].apply(record.change, bits, keeping: kept)
            messages[place].modSeq = record.modSeq
            count(messages[place], 1)
        }
        touch(record.modSeq)
    }

    package mutating func expunge(_ uids: UIDSet, at modSeq: ModSeq, seconds: Int64) {
        let places = places(of: uids)
        touch(modSeq)
        guard !places.isEmpty else { return }
        vanished.add(UIDSet(ascending: places.map { messages[$0].uid }), at: modSeq, seconds: seconds)
        for place in places { count(messages[place], -1) }
        messages.remove(at: places)
    }

    mutating func touch(_ modSeq: ModSeq) {
        highestModSeq = max(highestModSeq, modSeq)
        lastInnerChange = max(lastInnerChange, modSeq)
    }

    /// The bits of keywords; those that the table has no room for are left out.
    mutating func keywordBits(_ named: some Sequence<Keyword>) -> UInt128 {
        var bits: UInt128 = 0
        for keyword in named.sorted(by: { $0.text < $1.text }) {
            if let place = keywords.firstIndex(of: keyword) {
                bits |= 1 << UInt128(place)
            } else if keywords.count < (keyword == .damaged ? Self.keywordBits : Self.maximumKeywords) {
                bits |= 1 << UInt128(keywords.count)
                keywords.append(keyword)
            }
        }
        return bits
    }

    /// The bit of `$Damaged`; 0 when no message has it.
    private var damagedBit: UInt128 { keywords.firstIndex(of: .damaged).map { 1 << UInt128($0) } ?? 0 }

    private mutating func count(_ entry: MessageEntry, _ sign: Int) {
        if !entry.systemFlags.contains(.seen) { unseen += sign }
        size = sign > 0 ? size &+ entry.size : size &- entry.size
        guard entry.systemFlags.contains(.deleted) else { return }
        deleted += sign
        deletedSize = sign > 0 ? deletedSize &+ entry.size : deletedSize &- entry.size
    }
}

extension MessageEntry {
    /// A replacement leaves the keywords of `own` as they are: those are the store's, not the client's.
    ///
    /// - Parameter bits: the keywords of the change.
    mutating func apply(_ change: FlagChange, _ bits: UInt128, keeping own: UInt128) {
        switch change.mode {
        case .replace:
            systemFlags = change.flags.system.union(systemFlags.intersection(change.kept.system))
            keywordBits = bits | keywordBits & (change.kept.keywords ? .max : own)
        case .add:
            systemFlags.formUnion(change.flags.system)
            keywordBits |= bits
        case .remove:
            systemFlags.subtract(change.flags.system)
            keywordBits &= ~bits
        }
    }
}
