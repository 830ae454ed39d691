// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailStore
import MailTypes

/// Any octets as records of an account, one after the other, and as a snapshot of its state: refused, or applied, and what
/// comes of it reads back as it is written.
@main
enum FuzzStoreRecords {
    static func main() { fuzz(check) }

    /// How long the snapshot is that the records are applied to (two octets), which begins with its version; then pieces:
    /// how many octets (one octet), and the fields of a record behind its version, fence included.
    nonisolated static func check(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let length = min(Int(input[0]) << 8 | Int(input[1]), input.count - 2)
        var state = AccountState(decoding: Array(input[2..<(2 + length)])) ?? AccountState()
        checkState(state)
        var (place, number) = (2 + length, UInt64(0))
        while place < input.count {
            let count = min(Int(input[place]), input.count - place - 1)
            let piece = [LogRecord.version] + input[(place + 1)...].prefix(count)
            place += 1 + count
            number += 1
            guard let found = LogRecord.decode(piece) else { continue }
            checkReading(found.record, found.fence, piece)
            state.apply(found.record, at: Self.place(number))
            checkState(state)
        }
    }

    private static func place(_ number: UInt64) -> LogPlace {
        LogPlace(
            position: LogPosition(segment: 1, offset: number << 8),
            body: BodyReference(segment: 1, offset: number << 8)
        )
    }

    private static func checkReading(_ record: LogRecord, _ fence: Fence, _ octets: [UInt8]) {
        let again = LogRecord.decode(record.encode(fence))
        precondition(again?.record == record && again?.fence == fence, "a record reads back as it was")
        if case .message(let message) = record {
            precondition(LogRecord.structure(in: octets) == message.structure, "a structure by itself")
        } else {
            precondition(LogRecord.structure(in: octets) == nil, "no structure")
        }
    }

    private static func checkState(_ state: AccountState) {
        for mailbox in state.mailboxes.values {
            precondition(mailbox.uidNext <= 1 << 32, "UIDs have 32 bits")
            precondition(mailbox.messages.last.map { UInt64($0.uid.rawValue) < mailbox.uidNext } ?? true, "UIDNEXT")
            precondition(state.names[mailbox.name] == mailbox.id, "mailboxes by name")
        }
        precondition(state.names.count == state.mailboxes.count, "names of mailboxes")
        precondition(state.descriptions.count >= state.mailboxes.count, "and names that are only subscribed")
        precondition(
            state.usage.octets == state.mailboxes.values.reduce(0) { $0 &+ $1.usage.octets }
                && state.usage.messages == state.mailboxes.values.reduce(0) { $0 &+ $1.usage.messages },
            "the account's usage is its mailboxes'"
        )
        let octets = state.encode()
        precondition(AccountState(decoding: octets)?.encode() == octets, "a state reads back as it was")
    }
}
