// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import Locking
internal import MailStore
internal import MailTypes
internal import Runtime

extension IMAPSession {
    /// More are not put in order in one run.
    private static let messagesOfRun = 16_384

    /// A column of texts that there is no room for; each is read twice, and the column has nothing but their order.
    ///
    /// The session has the turn. Rows are missing when the client is gone.
    func orderedColumn(_ field: ColumnField, _ rows: ColumnRows) async throws -> MessageColumn {
        let entries = await Self.away(rows.places.count) { rows.entries }
        let merge = Lock(TextMerge())
        guard let wereWhole = try await gatherRuns(field, entries, rows, merge),
            let areWhole = try await mergeRuns(field, entries, rows, merge)
        else { return MessageColumn(field) }
        let column = await BlockingPool.shared.run {
            MessageColumn(field, entries.map(\.uid.rawValue), merge.withLock { $0.texts })
        }
        // The header may be read tomorrow that is lost today.
        guard wereWhole, areWhole else { return column }
        columnTable.keep(column, ColumnTable.Key(account: rows.account.id, mailbox: rows.mailbox, field: field))
        return column
    }

    /// Whether no header is lost; `nil` when the client is gone.
    private func gatherRuns(
        _ field: ColumnField,
        _ entries: [MessageEntry],
        _ rows: ColumnRows,
        _ merge: Lock<TextMerge>
    ) async throws -> Bool? {
        var (next, count, isWhole) = (0, Self.readAtOnce, true)
        while next < entries.count {
            guard !connection.isAbandoned else { return nil }
            let messages = Array(entries[next..<min(entries.count, next + count)])
            let keys = try await textKeys(field, messages, columnTable.account.runOctets, rows)
            guard keys.count > 0, !connection.isAbandoned else { return nil }
            await BlockingPool.shared.run { merge.withLock { $0.add(keys) } }
            isWhole = isWhole && keys.isWhole
            next += keys.count
            count = min(Self.messagesOfRun, keys.count + keys.count / 2 + 1)
            try await tellProgress(next / 2, of: entries.count, waits: false)
        }
        return isWhole
    }

    /// Whether no header is lost; `nil` when the client is gone.
    private func mergeRuns(
        _ field: ColumnField,
        _ entries: [MessageEntry],
        _ rows: ColumnRows,
        _ merge: Lock<TextMerge>
    ) async throws -> Bool? {
        let maximum = columnTable.account.runOctets
        var isWhole = true
        while let wanted = await BlockingPool.shared.run({ merge.withLock { $0.next(maximum) } }) {
            let keys = try await textKeys(field, wanted.rows.map { entries[Int($0)] }, .max, rows)
            // Of a client that is gone not all is read.
            guard !connection.isAbandoned else { return nil }
            isWhole = isWhole && keys.isWhole
            let done = merge.withLock { merge in
                merge.give(keys, wanted)
                return merge.done
            }
            try await tellProgress((entries.count + done) / 2, of: entries.count, waits: false)
        }
        return isWhole
    }

    /// Of the first of these messages, as many as there is room for.
    private func textKeys(
        _ field: ColumnField,
        _ messages: [MessageEntry],
        _ maximum: Int,
        _ rows: ColumnRows
    ) async throws -> TextKeys {
        let empty = TextKeys(field, maximum: maximum)
        var keys = await rows.account.readStructures(of: messages, into: empty) { keys, place, structure in
            keys.take(structure, of: messages[place])
        }
        for place in keys.left where !connection.isAbandoned {
            try await tellProgress(waits: false)
            keys.set(
                try await readableEnvelope(of: messages[place], in: rows.mailbox, of: rows.account),
                at: place
            )
        }
        return keys
    }
}
