// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

// Everything in a state that refers to octets of the log. Whatever refers to a message has to be named here: what is
// not, compaction takes for dead.

extension AccountState {
    /// Calls `visit` for every message, mailbox by mailbox in ascending order, and for those in quarantine, with the
    /// mailbox and UID that they had.
    ///
    /// Copies refer to the same octets. O(messages).
    package func visitBodies(_ visit: (MailboxID, MessageEntry) -> Void) {
        for mailbox in mailboxes.values.sorted(by: { $0.id < $1.id }) {
            for entry in mailbox.messages { visit(mailbox.id, entry) }
        }
        for message in quarantine { visit(message.id.mailbox, message.entry) }
    }

    /// Has references that are keys of `moves` be their values instead.
    package mutating func replaceBodies(_ moves: [BodyReference: BodyReference]) {
        guard !moves.isEmpty else { return }
        for id in mailboxes.keys { mailboxes[id]?.replaceBodies(moves) }
        for place in quarantine.indices {
            if let target = moves[quarantine[place].entry.body] { quarantine[place].entry.body = target }
        }
    }

    /// Octets of all messages, copies counted each.
    package var octets: UInt64 { mailboxes.values.reduce(0) { $0 &+ $1.size } }
}

extension MailboxState {
    fileprivate mutating func replaceBodies(_ moves: [BodyReference: BodyReference]) {
        guard messages.contains(where: { moves[$0.body] != nil }) else { return }
        for place in messages.indices {
            if let target = moves[messages[place].body] { messages[place].body = target }
        }
    }
}
