// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

extension IMAPSession {
    /// Messages that are read between two looks at the client.
    static let readAtOnce = 1024
    /// Work with up to so many messages, and so many octets of their texts, takes less than going elsewhere.
    private static let (inlineCount, inlineOctets) = (500, 128 << 10)

    /// Does what takes long with many messages, or with long texts, away from the loop.
    static func away<Result: Sendable>(
        _ messages: Int,
        octets: Int = 0,
        _ work: @escaping @Sendable () -> Result
    ) async -> Result {
        guard messages > inlineCount || octets > inlineOctets else { return work() }
        return await BlockingPool.shared.run(work)
    }

    /// Columns of these fields, in this order, with a row for each message at `places`, unless its header is lost.
    ///
    /// Those of messages that are not in the columns kept in this process are read from the structures cached at delivery,
    /// and kept. What there is no room for waits for its turn, and is made with little. Some rows are missing when the
    /// client is gone. `places` ascend; `fields` differ.
    func columns(
        _ fields: [ColumnField],
        of messages: MessageTable,
        at places: [Int],
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws -> [MessageColumn] {
        let rows = ColumnRows(messages: messages, places: places, mailbox: mailbox, account: account)
        if let columns = try await readColumns(fields, rows) { return columns }
        let turn = try await waiting(waits: false) { [account = columnTable.account] _ in await account.turn() }
        defer { withExtendedLifetime(turn) {} }
        var columns: [MessageColumn] = []
        for field in fields { columns.append(try await column(field, rows)) }
        return columns
    }

    /// A column by itself, for which the session has the turn.
    ///
    /// Others may have made it meanwhile, or given back what they had.
    private func column(_ field: ColumnField, _ rows: ColumnRows) async throws -> MessageColumn {
        guard let column = try await readColumns([field], rows, inTurn: true)?.first else {
            return try await orderedColumn(field, rows)
        }
        return field.isText ? column.closed : column
    }

    /// `nil` when there is no room.
    ///
    /// - Parameter inTurn: what is known may be copied; and what is not texts is bounded by the count of messages.
    private func readColumns(
        _ fields: [ColumnField],
        _ rows: ColumnRows,
        inTurn: Bool = false
    ) async throws -> [MessageColumn]? {
        let keys = fields.map { ColumnTable.Key(account: rows.account.id, mailbox: rows.mailbox, field: $0) }
        let count = rows.messages.count
        let known = keys.map { columnTable.column($0, messages: count) ?? MessageColumn($0.field) }
        let gaps = await Self.away(rows.places.count) { ColumnGaps(known, rows) }
        guard !gaps.messages.isEmpty else { return gaps.columns }
        let share = ColumnShare(columnTable.account, isBounded: !inTurn || fields.contains(where: \.isText))
        defer { share.settle(0) }
        let copied = gaps.copiedOctets
        guard inTurn || share.grow(by: copied), let parts = try await read(gaps, fields, rows.account, share) else {
            return nil
        }
        let whole = await Self.away(count, octets: copied + share.octets) { gaps.columns.adding(parts) }
        for (key, column) in zip(keys, whole) { columnTable.keep(column, key) }
        let left = parts.flatMap(\.left)
        guard !left.isEmpty else { return whole }
        // Not kept: the header may be read tomorrow that is lost today.
        guard let rest = try await look(at: left, fields, rows, share) else { return nil }
        return await Self.away(count, octets: copied + share.octets) { whole.adding([rest]) }
    }

    private func read(
        _ gaps: ColumnGaps,
        _ fields: [ColumnField],
        _ account: any MailAccount,
        _ share: ColumnShare
    ) async throws -> [ColumnPart]? {
        var parts: [ColumnPart] = []
        var (next, count) = (0, Self.readAtOnce)
        let maximum = share.pieceOctets
        while next < gaps.messages.count, !connection.isAbandoned {
            let before = share.octets
            guard share.grow(by: maximum) else { return nil }
            let end = min(gaps.messages.count, next + count)
            let (messages, lacking) = (Array(gaps.messages[next..<end]), Array(gaps.lacking[next..<end]))
            let empty = ColumnPart(fields, maximum: maximum)
            let part = await account.readStructures(of: messages, into: empty) { part, place, structure in
                part.take(structure, of: messages[place], lacking[place])
            }
            share.settle(before + part.memory)
            parts.append(part)
            next += max(1, part.taken)
            count = min(Self.readAtOnce, max(1, 2 * part.taken))
            try await tellProgress(next, of: gaps.messages.count, waits: false)
        }
        return parts
    }

    /// One message after the other, as FETCH does; `nil` when there is no room.
    private func look(
        at left: [(message: MessageEntry, lacking: UInt8)],
        _ fields: [ColumnField],
        _ rows: ColumnRows,
        _ share: ColumnShare
    ) async throws -> ColumnPart? {
        var part = ColumnPart(fields)
        let before = share.octets
        for (count, item) in left.enumerated() {
            if connection.isAbandoned { break }
            try await tellProgress(count, of: left.count, waits: false)
            guard share.grow(by: before + part.memory - share.octets) else { return nil }
            guard let envelope = try await readableEnvelope(of: item.message, in: rows.mailbox, of: rows.account) else {
                continue
            }
            var lacking = item.lacking
            part.take(envelope, of: item.message, &lacking)
            guard lacking != 0 else { continue }
            let references = try await references(of: item.message, in: rows.mailbox, of: rows.account)
            part.take(ConversationIDs(envelope, references), of: item.message, lacking)
        }
        return part
    }

    /// The envelope of a message for putting it in order; `nil` when its header is lost, or it is expunged.
    func readableEnvelope(
        of entry: MessageEntry,
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws -> SummaryEnvelope? {
        do throws(MailStoreError) {
            return try await envelope(of: entry, in: mailbox, of: account)
        } catch {
            guard error.code == .damaged || error.code == .noSuchMessage else { throw error }
            return nil
        }
    }

    /// The References field from the header itself, as much of it as is cached: what the first release cached does not
    /// have it.
    private func references(
        of entry: MessageEntry,
        in mailbox: MailboxID,
        of account: any MailAccount
    ) async throws -> [UInt8] {
        do throws(MailStoreError) {
            let structure = try await structure(of: entry, in: mailbox, of: account)
            let header = structure.root.header.clamped(to: 0..<Self.pieceOctets)
            let fields = HeaderFields(try await octets(of: entry, header, from: account).bytes)
            return MessageIDs.kept(of: fields.values(of: "References").first { !$0.isEmpty } ?? [])
        } catch {
            guard error.code == .damaged || error.code == .noSuchMessage else { throw error }
            return []
        }
    }
}
