// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Locking
internal import MailTypes

/// Columns that were made, for whoever asks next: a client that shows a mailbox in an order asks for it again and again.
///
/// Shared by the sessions of a process, whatever account they are of. In memory and not beside the mail: the first SORT
/// behind a start reads the structures, and no delivery has more to write for it. Nothing in it is ever wrong, and what is
/// not there is made.
package final class ColumnTable: Sendable {
    struct Key: Hashable {
        var account: AccountID
        var mailbox: MailboxID
        var field: ColumnField
    }

    private struct Kept {
        var column: MessageColumn
        var memory: Int
        var used: UInt64
    }

    private struct State {
        var columns: [Key: Kept] = [:]
        var memory = 0
        var clock: UInt64 = 0
    }

    private let state = Lock(State())
    private let maximum: Int
    /// Of columns that are being made.
    package let account: ColumnAccount
    /// A column of more rows than this, and twice as many as there are messages, is mostly of messages that are gone.
    private static let worthKeeping = 10_000

    /// Octets of columns that are kept, and as many of those that are being made: ten fields or so of 100,000 messages.
    package static let standardOctets = 64 << 20

    package init(maximum: Int = standardOctets) {
        self.maximum = maximum
        account = ColumnAccount(maximum: maximum)
    }

    /// What was kept, unless most of it is of messages that are gone; `nil` when there is nothing.
    ///
    /// - Parameter messages: how many there are in the mailbox.
    func column(_ key: Key, messages: Int) -> MessageColumn? {
        state.withLock { state in
            guard let column = state.columns[key]?.column else { return nil }
            guard column.count <= max(Self.worthKeeping, 2 * messages) else { return nil }
            state.clock += 1
            state.columns[key]?.used = state.clock
            return column
        }
    }

    /// Keeps a column in the place of what was kept for its key; columns that were asked for longest ago make room.
    func keep(_ column: MessageColumn, _ key: Key) {
        let memory = column.memory
        guard memory <= maximum else { return }
        let dropped = state.withLock { state -> [MessageColumn] in
            var dropped: [MessageColumn] = []
            state.clock += 1
            if let old = state.columns.updateValue(Kept(column: column, memory: memory, used: state.clock), forKey: key)
            {
                state.memory -= old.memory
                dropped.append(old.column)
            }
            state.memory += memory
            while state.memory > maximum, let oldest = state.columns.min(by: { $0.value.used < $1.value.used }) {
                state.columns[oldest.key] = nil
                state.memory -= oldest.value.memory
                dropped.append(oldest.value.column)
            }
            return dropped
        }
        // Let go outside the lock.
        _ = consume dropped
    }
}
