// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MailTypes
internal import MessageFormat

/// Messages of a mailbox for which columns are asked.
struct ColumnRows: Sendable {
    let messages: MessageTable
    /// Of messages, ascending.
    let places: [Int]
    let mailbox: MailboxID
    let account: any MailAccount

    /// By ascending UID.
    var entries: [MessageEntry] { places.filter { messages.indices.contains($0) }.map { messages[$0] } }
}

/// The messages that columns lack.
struct ColumnGaps: Sendable {
    /// Those that lack them; of what is closed and lacks some, an empty one.
    private(set) var columns: [MessageColumn]
    /// By ascending UID.
    private(set) var messages: [MessageEntry] = []
    /// For each of them, bit n is 1 when column n lacks it: of more fields than there are there is no column.
    private(set) var lacking: [UInt8] = []

    init(_ columns: [MessageColumn], _ rows: ColumnRows) {
        self.columns = columns
        let places = rows.places.filter { rows.messages.indices.contains($0) }
        let uids = places.map { rows.messages[$0].uid }
        var masks = [UInt8](repeating: 0, count: places.count)
        for (number, column) in columns.enumerated() {
            var found = column.rows(of: uids)
            if column.isClosed, found.contains(where: { $0 < 0 }) {
                self.columns[number] = MessageColumn(column.field)
                found = self.columns[number].rows(of: uids)
            }
            for (index, row) in found.enumerated() where row < 0 { masks[index] |= 1 << UInt8(number) }
        }
        for (place, mask) in zip(places, masks) where mask != 0 {
            messages.append(rows.messages[place])
            lacking.append(mask)
        }
    }

    /// Octets of the columns that lack any: they are copied when rows are added.
    var copiedOctets: Int {
        let lacked = lacking.reduce(0, |)
        return columns.indices.reduce(0) { $0 + (lacked >> UInt8($1) & 1 == 1 ? columns[$1].memory : 0) }
    }
}

/// Rows of a few messages, to be added to columns.
struct ColumnPart: Sendable {
    private(set) var columns: [MessageColumn]
    /// Messages of which the cached structure does not say all, or is lost, and what is still lacking.
    private(set) var left: [(message: MessageEntry, lacking: UInt8)] = []
    /// Messages that were looked at, the first ones: for those behind them there was no room.
    private(set) var taken = 0
    private let maximum: Int

    /// - Parameter maximum: octets at which it is full; one message always finds room.
    init(_ fields: [ColumnField], maximum: Int = .max) {
        columns = fields.map { MessageColumn($0) }
        self.maximum = maximum
    }

    var memory: Int { columns.reduce(0) { $0 + $1.memory } }

    /// Adds a message, which comes behind all others, to the columns that lack it.
    mutating func take(_ structure: CachedStructure?, of message: MessageEntry, _ lacking: UInt8) {
        guard taken == 0 || memory < maximum else { return }
        taken += 1
        var lacking = lacking
        if columns.count == 1, columns[0].field == .sent {
            if let structure, let sent = SummaryDate(structure.octets, at: structure.place), sent.size == message.size {
                columns[0].append(message.uid, sent: sent.date)
                lacking = 0
            }
        } else if let structure, let envelope = SummaryEnvelope(structure.octets, at: structure.place),
            envelope.size == message.size
        {
            take(envelope, of: message, &lacking)
        }
        if lacking != 0 { left.append((message, lacking)) }
    }

    /// Adds it to those that can be filled from its envelope.
    mutating func take(_ envelope: SummaryEnvelope, of message: MessageEntry, _ lacking: inout UInt8) {
        for number in columns.indices where lacking >> UInt8(number) & 1 == 1 {
            if columns[number].append(message.uid, envelope) { lacking &= ~(1 << UInt8(number)) }
        }
    }

    /// Adds a message's ids to the columns that lack them.
    mutating func take(_ ids: ConversationIDs, of message: MessageEntry, _ lacking: UInt8) {
        for number in columns.indices where lacking >> UInt8(number) & 1 == 1 {
            columns[number].append(message.uid, ids)
        }
    }
}

extension [MessageColumn] {
    /// With the rows of parts, and in order.
    func adding(_ parts: [ColumnPart]) -> [MessageColumn] {
        var columns = self
        for part in parts {
            for number in columns.indices { columns[number].add(part.columns[number]) }
        }
        for number in columns.indices { columns[number].rank() }
        return columns
    }
}
