// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// The selected mailbox as one client knows it: which message has which sequence number, and which flags it was told.
struct MailboxView {
    let id: MailboxID
    /// As it was called when it was selected, or when somebody asked last (`IMAPSession.settleName`).
    var name: MailboxName
    let uidValidity: UIDValidity
    /// Opened with EXAMINE.
    let isReadOnly: Bool
    /// Where it lies.
    let account: any MailAccount
    /// Whether it is another user's.
    let isShared: Bool
    /// What the user may do with it.
    var rights: MailboxRights
    /// Bit n of an entry's keywords stands for `keywords[n]`.
    private(set) var keywords: [Keyword]
    /// By ascending UID; the message at index n has sequence number n + 1.
    private(set) var messages: MessageTable
    /// What the view has taken in.
    private(set) var modSeq: ModSeq
    /// Up to here everything was told, expunges too; less than `modSeq` while some are held back.
    private(set) var toldModSeq: ModSeq
    /// `$`: what the last SEARCH with SAVE found (RFC 5182 §2).
    var savedResult = UIDSet()
    /// Searches whose results are kept up to date (RFC 5267 §4.3).
    var contexts: [SearchContext] = []
    /// Messages that the client itself has put here, and which it need not be told of (RFC 5465 §5.2).
    var ownArrivals = UIDSet()
    /// Expunged in the store, and not yet told: still in `messages`.
    private(set) var untold = UIDSet()
    /// Changes of flags were not told, since the client wants none (RFC 5465 §5.4): no mod-sequence that comes behind them
    /// may be told, or they would never be asked for.
    var leavesOutFlags = false
    /// Set when the mailbox itself was deleted.
    private(set) var isGone = false

    init(_ snapshot: MailboxSnapshot, at place: MailboxPlace, isReadOnly: Bool) {
        id = snapshot.status.id
        name = place.shownName
        uidValidity = snapshot.status.uidValidity
        self.isReadOnly = isReadOnly
        account = place.account
        isShared = place.isShared
        rights = place.rights
        keywords = snapshot.keywords
        messages = snapshot.messages
        modSeq = snapshot.status.highestModSeq
        toldModSeq = modSeq
    }

    /// Whether there can be anything to tell: a mailbox that is gone has nothing more once its messages are told off.
    var needsSync: Bool { !isGone || !untold.isEmpty }

    /// Whether nothing of it can be changed (RFC 4314 §5.2).
    var isUnchangeable: Bool { isReadOnly || rights.isDisjoint(with: .ofWriters) }

    var count: UInt32 { UInt32(clamping: messages.count) }

    /// Sequence number of the message at `index`.
    func number(_ index: Int) -> SequenceNumber { SequenceNumber(UInt32(clamping: index + 1)) }

    func message(at index: Int) -> MessageEntry? { messages.indices.contains(index) ? messages[index] : nil }

    /// Index of the first message whose UID is `uid` or greater; the count when there is none.
    ///
    /// O(log n).
    func firstIndex(from uid: UID) -> Int {
        var (low, high) = (0, messages.count)
        while low < high {
            let middle = (low + high) / 2
            if messages[middle].uid < uid { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func index(of uid: UID) -> Int? {
        let index = firstIndex(from: uid)
        return index < messages.count && messages[index].uid == uid ? index : nil
    }

    /// As above, looked for at `place` first: who asks for one after the other finds each at once.
    func index(of uid: UID, near place: Int) -> Int? {
        messages.indices.contains(place) && messages[place].uid == uid ? place : index(of: uid)
    }

    /// Indices of the messages that a set names, ascending.
    ///
    /// Sequence numbers that no message has are an error (RFC 9051 §6.4.9 note 3); UIDs that no message has are passed
    /// over.
    func indices(of set: SequenceSet, _ numbers: MessageNumbers) throws(CommandRefusal) -> [Range<Int>] {
        if set.isSavedResult { return savedIndices }
        switch numbers {
        case .sequence:
            let ranges = set.resolved(largest: count)
            guard let last = ranges.last, ranges.first?.lowerBound ?? 0 > 0, last.upperBound <= count else {
                throw .bad("There are \(count) messages, and the set names others")
            }
            return ranges.map { Int($0.lowerBound) - 1..<Int($0.upperBound) }
        case .uid:
            return uidIndices(of: set)
        }
    }

    /// As above, but numbers that no message has are passed over: for SEARCH, which asks whether there are such.
    func existingIndices(of set: SequenceSet, _ numbers: MessageNumbers) -> [Range<Int>] {
        if set.isSavedResult { return savedIndices }
        guard numbers == .sequence else { return uidIndices(of: set) }
        return set.resolved(largest: count).compactMap { range in
            let upper = min(range.upperBound, count)
            return range.lowerBound >= 1 && range.lowerBound <= upper ? Int(range.lowerBound) - 1..<Int(upper) : nil
        }
    }

    /// Those of the saved result that are still there.
    private var savedIndices: [Range<Int>] { indices(of: savedResult.ranges) }

    private func uidIndices(of set: SequenceSet) -> [Range<Int>] {
        guard let largest = messages.last?.uid.rawValue else { return [] }
        return indices(of: set.resolved(largest: largest))
    }

    /// Of the messages that are there.
    func indices(of uids: UIDSet) -> [Range<Int>] { indices(of: uids.ranges) }

    private func indices(of uids: [ClosedRange<UInt32>]) -> [Range<Int>] {
        uids.compactMap { range in
            let first = firstIndex(from: UID(range.lowerBound))
            let end = range.upperBound == .max ? messages.count : firstIndex(from: UID(range.upperBound + 1))
            return first < end ? first..<end : nil
        }
    }

    /// Those of `indices` whose messages are wanted.
    func indices(_ indices: [Range<Int>], where isWanted: (MessageEntry) -> Bool) -> [Range<Int>] {
        var chosen: [Range<Int>] = []
        for index in indices.lazy.flatMap({ $0 }) where isWanted(messages[index]) {
            if let last = chosen.last, last.upperBound == index {
                chosen[chosen.count - 1] = last.lowerBound..<index + 1
            } else {
                chosen.append(index..<index + 1)
            }
        }
        return chosen
    }

    /// Those at some places among them.
    func indices(_ indices: [Range<Int>], at partial: PartialRange) -> [Range<Int>] {
        let places = partial.places(of: indices.reduce(0) { $0 + $1.count })
        var passed = 0
        var chosen: [Range<Int>] = []
        for range in indices {
            let here = places.clamped(to: passed..<passed + range.count)
            if !here.isEmpty {
                let start = range.lowerBound - passed
                chosen.append(here.lowerBound + start..<here.upperBound + start)
            }
            passed += range.count
        }
        return chosen
    }

    func uids(of indices: [Range<Int>]) -> UIDSet {
        UIDSet(ascending: indices.lazy.flatMap { $0.lazy.map { messages[$0].uid } })
    }

    /// Takes in flags that the client is told by other means (its own STORE), of a message that is looked for at `place`
    /// first: its index, as the client knew it, and the keywords of both; `nil` when the view does not have it.
    mutating func tell(
        _ entry: MessageEntry,
        near place: Int,
        keywords named: [Keyword]
    ) -> (index: Int, known: MessageEntry, table: [Keyword])? {
        guard let index = index(of: entry.uid, near: place) else { return nil }
        adopt(named)
        let known = messages[index]
        messages[index] = entry
        return (index, known, keywords)
    }

    /// True when the table grew.
    @discardableResult
    mutating func adopt(_ table: [Keyword]) -> Bool {
        guard table.count > keywords.count else { return false }
        keywords = table
        return true
    }
}

// What is new, and in what order it is told.
extension MailboxView {
    /// One untagged response about the mailbox.
    enum Report: Hashable {
        case flagTable
        case expunge(SequenceNumber)
        /// The same by UID, for clients that enabled QRESYNC or UIDONLY.
        case vanished(UIDSet)
        case exists(UInt32)
        /// FETCH with the flags of the message at this index.
        case flags(Int)
    }

    /// Takes in what happened to the mailbox and says what the client must be told, in order.
    mutating func merge(
        _ changes: MailboxChanges,
        allowingExpunge: Bool,
        _ enabled: EnabledExtensions
    ) -> [Report] {
        var reports: [Report] = adopt(changes.keywords) ? [.flagTable] : []
        if !changes.vanished.isEmpty {
            untold.formUnion(uids(of: indices(of: changes.vanished.ranges)))
        }
        if allowingExpunge { reports += removeUntold(byUID: enabled.tellsVanished) }
        let (arrived, changed) = take(changes.changed, withModSeqs: enabled.contains(.condstore))
        if arrived { reports.append(.exists(count)) }
        reports += changed.map { .flags($0) }
        modSeq = max(modSeq, changes.status.highestModSeq)
        if untold.isEmpty { toldModSeq = modSeq }
        return reports
    }

    /// The mailbox was deleted: all its messages are gone.
    mutating func mailboxWasDeleted(allowingExpunge: Bool, _ enabled: EnabledExtensions) -> [Report] {
        isGone = true
        untold = UIDSet(ascending: messages.lazy.map { $0.uid })
        return allowingExpunge ? removeUntold(byUID: enabled.tellsVanished) : []
    }

    /// The client has removed these itself.
    mutating func remove(_ uids: UIDSet, _ enabled: EnabledExtensions) -> [Report] {
        let held = untold
        untold = self.uids(of: indices(of: uids.ranges))
        defer { untold = held.subtracting(uids) }
        return removeUntold(byUID: enabled.tellsVanished)
    }

    private mutating func removeUntold(byUID: Bool) -> [Report] {
        guard !untold.isEmpty else { return [] }
        let gone = indices(of: untold.ranges).flatMap(Array.init)
        messages.remove(at: gone)
        defer { untold = UIDSet() }
        guard !byUID else { return [.vanished(untold)] }
        // Each number counts from where those told before it are gone (RFC 9051 §7.5.1).
        return gone.enumerated().map { .expunge(number($1 - $0)) }
    }

    /// With mod-sequences, one that is new is told even when no flag is: a client may wait for it before it changes the
    /// message (RFC 7162 §3.1.3).
    private mutating func take(
        _ entries: [MessageEntry],
        withModSeqs: Bool
    ) -> (arrived: Bool, changed: [Int]) {
        var changed: [Int] = []
        let before = messages.count
        var next = 0
        for entry in entries {
            if let index = index(of: entry.uid, near: next) {
                next = index + 1
                let known = messages[index]
                let isOther = known.systemFlags != entry.systemFlags || known.keywordBits != entry.keywordBits
                if isOther || withModSeqs && known.modSeq != entry.modSeq { changed.append(index) }
                messages[index] = entry
            } else if messages.last.map({ $0.uid < entry.uid }) ?? true {
                messages.append(entry)
            }
        }
        return (messages.count > before, changed)
    }
}
