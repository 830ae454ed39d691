// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import MessageFormat

/// One field of the messages of a mailbox, as SORT, THREAD and SEARCH compare it: a row for each message that was looked
/// at, in the order in which they were.
///
/// A message never changes, and its UID is never another's, so a row is true for ever.
struct MessageColumn: Sendable {
    /// A message that has none, or whose header is lost.
    static let noRow: Int32 = -1

    let field: ColumnField
    /// Ascending.
    private var uids: [UInt32] = []
    /// Of each of them.
    private var rows: [Int32] = []
    // Of these, that of the field has a value for each row.
    private var dates: [MailDate?] = []
    private var texts = CollatedTexts()
    private(set) var links = ConversationLinks()

    init(_ field: ColumnField) { self.field = field }

    /// Of texts that were put in order elsewhere: `texts` has a row for each of `uids`, which ascend.
    init(_ field: ColumnField, _ uids: [UInt32], _ texts: CollatedTexts) {
        self.field = field
        self.uids = uids
        rows = uids.indices.map { Int32(clamping: $0) }
        self.texts = texts
    }

    var count: Int { uids.count }

    /// Whether no row can be added: it has the order of texts, and not the texts.
    var isClosed: Bool { texts.isClosed }

    /// The same without the texts, for whoever asks for nothing but their order.
    var closed: MessageColumn {
        var column = self
        column.texts = texts.closed
        return column
    }

    /// Octets that it takes in memory.
    var memory: Int {
        uids.capacity * 8 + dates.capacity * MemoryLayout<MailDate?>.stride + texts.memory + links.memory
    }

    // MARK: Asking

    /// Of each message its row; quick when they ascend.
    func rows(of uids: some Sequence<UID>) -> [Int32] {
        var found: [Int32] = []
        found.reserveCapacity(uids.underestimatedCount)
        var next = 0
        for uid in uids {
            if next >= self.uids.count || self.uids[next] != uid.rawValue { next = firstIndex(from: uid.rawValue) }
            let isThere = next < self.uids.count && self.uids[next] == uid.rawValue
            found.append(isThere ? rows[next] : Self.noRow)
            if isThere { next += 1 }
        }
        return found
    }

    private func firstIndex(from uid: UInt32) -> Int {
        var (low, high) = (0, uids.count)
        while low < high {
            let middle = (low + high) / 2
            if uids[middle] < uid { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// `nil` where the Date field is none.
    func date(_ row: Int32) -> MailDate? { row < 0 ? nil : dates[Int(row)] }

    /// The place of the text in the order of all; the same for texts that are the same, 0 for none.
    ///
    /// - Precondition: `rank` was called since the last row came.
    func rank(_ row: Int32) -> Int32 { row < 0 ? 0 : texts.rank(of: Int(row)) }

    func isReply(_ row: Int32) -> Bool { row < 0 ? false : texts.isReply(Int(row)) }

    // MARK: Filling

    /// Adds a message whose UID is greater than all others'; false when its envelope does not say what the field is.
    mutating func append(_ uid: UID, _ envelope: SummaryEnvelope) -> Bool {
        switch field {
        case .sent: dates.append(envelope.sentDate)
        case .subject, .from, .to, .cc, .displayFrom, .displayTo:
            let text = ColumnText(field, envelope)
            texts.append(text.key, isReply: text.isReply)
        case .conversation:
            guard let references = envelope.text(envelope.references) else { return false }
            links.append(ConversationIDs(envelope, references))
        }
        note(uid)
        return true
    }

    /// Adds the date of a message whose UID is greater than all others'; for `.sent` only.
    mutating func append(_ uid: UID, sent date: MailDate?) {
        guard field == .sent else { return }
        dates.append(date)
        note(uid)
    }

    /// Adds the ids of a message whose UID is greater than all others'; for `.conversation` only.
    mutating func append(_ uid: UID, _ ids: ConversationIDs) {
        guard field == .conversation else { return }
        links.append(ids)
        note(uid)
    }

    private mutating func note(_ uid: UID) {
        rows.append(Int32(clamping: uids.count))
        uids.append(uid.rawValue)
    }

    /// Takes in all rows of a column of the same field; of each message there is one or the other.
    ///
    /// - Precondition: neither is closed.
    mutating func add(_ other: MessageColumn) {
        guard other.count > 0 else { return }
        let shift = Int32(clamping: uids.count)
        dates += other.dates
        texts.add(other.texts)
        links.add(other.links)
        guard let last = uids.last, let first = other.uids.first, first < last else {
            uids += other.uids
            rows += other.rows.map { $0 + shift }
            return
        }
        merge(other, shift)
    }

    private mutating func merge(_ other: MessageColumn, _ shift: Int32) {
        var merged = (uids: [UInt32](), rows: [Int32]())
        merged.uids.reserveCapacity(uids.count + other.uids.count)
        merged.rows.reserveCapacity(uids.count + other.uids.count)
        var next = 0
        for (uid, row) in zip(other.uids, other.rows) {
            let end = max(next, firstIndex(from: uid))
            merged.uids += uids[next..<end]
            merged.rows += rows[next..<end]
            merged.uids.append(uid)
            merged.rows.append(row + shift)
            next = end
        }
        merged.uids += uids[next...]
        merged.rows += rows[next...]
        (uids, rows) = merged
    }

    /// Puts the texts that are new in order with the others; takes long when many are.
    mutating func rank() { texts.rank() }
}
