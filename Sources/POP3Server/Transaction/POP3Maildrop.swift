// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailStore
package import MailTypes
package import POP3Wire

/// INBOX as one POP3 session sees it: fixed at log-on, numbered from 1 by ascending UID, with the session's own
/// deletion marks (RFC 1939 §5).
///
/// Others may deliver, delete and read meanwhile; nobody is locked out.
package struct POP3Maildrop: Sendable {
    package let mailbox: MailboxID
    private let uidValidity: UIDValidity
    private let messages: MessageTable
    private var marked: Set<Int> = []
    /// Messages that are not marked.
    package private(set) var count: Int
    /// Their octets as they are stored.
    private var storedOctets: UInt64
    /// Octets of messages that are sent otherwise than they are stored, by number.
    private var sentOctets: [Int: UInt64] = [:]

    package init(_ snapshot: MailboxSnapshot) {
        mailbox = snapshot.status.id
        uidValidity = snapshot.status.uidValidity
        messages = snapshot.messages
        count = messages.count
        storedOctets = messages.reduce(0) { $0 &+ $1.size }
    }

    /// Notes how many octets are sent of a message, when they are not those that are stored.
    package mutating func noteSent(_ octets: UInt64, of number: Int) { sentOctets[number] = octets }

    /// Octets that are sent of a message.
    package func octets(of number: Int, _ message: MessageEntry) -> UInt64 { sentOctets[number] ?? message.size }

    /// Octets that are sent of all messages that are not marked.
    package var octets: UInt64 {
        sentOctets.reduce(storedOctets) { total, sent in
            guard !marked.contains(sent.key), messages.indices.contains(sent.key - 1) else { return total }
            return total &- messages[sent.key - 1].size &+ sent.value
        }
    }

    /// The message with this number, unless there is none or it is marked.
    package func message(_ number: Int) throws(POP3Refusal) -> MessageEntry {
        guard number >= 1, number <= messages.count else { throw .noSuchMessage(messages.count) }
        guard !marked.contains(number) else { throw .isDeleted(number) }
        return messages[number - 1]
    }

    /// Every message with its number, marked or not.
    package var all: some Sequence<(number: Int, message: MessageEntry)> {
        messages.lazy.enumerated().lazy.map { ($0.offset + 1, $0.element) }
    }

    /// Every message that is not marked, with its number.
    package var listed: some Sequence<(number: Int, message: MessageEntry)> {
        messages.lazy.enumerated().lazy.filter { !marked.contains($0.offset + 1) }.map { ($0.offset + 1, $0.element) }
    }

    /// 3 to 21 characters that name the message for ever (RFC 1939 §7).
    package func uniqueID(of message: MessageEntry) -> String { "\(uidValidity).\(message.uid)" }

    package mutating func mark(_ number: Int) throws(POP3Refusal) {
        let message = try message(number)
        marked.insert(number)
        count -= 1
        storedOctets &-= message.size
    }

    package mutating func unmarkAll() {
        marked = []
        count = messages.count
        storedOctets = messages.reduce(0) { $0 &+ $1.size }
    }

    /// What QUIT removes.
    package var deletions: UIDSet {
        UIDSet(ascending: marked.sorted().map { messages[$0 - 1].uid })
    }
}

/// Why a command about a message is refused.
package enum POP3Refusal: Error, Sendable, Hashable {
    /// With the number of messages there were.
    case noSuchMessage(Int)
    case isDeleted(Int)

    package var reply: POP3Reply {
        switch self {
        case .noSuchMessage(let count): .err(nil, "no such message, the maildrop has \(count)")
        case .isDeleted(let number): .err(nil, "message \(number) is deleted")
        }
    }
}
