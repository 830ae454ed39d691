// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPWire

/// What a server said in one transaction: the rules, without the connection.
package struct TransactionOutcome: Sendable, Hashable {
    /// The last word on each recipient, in their order; `nil` where none came.
    package private(set) var replies: [SMTPReply?]
    /// Recipients that were accepted and have no last word yet.
    package private(set) var waiting: [Int] = []
    /// Recipients whom the server did not want in this transaction, because it had enough.
    package private(set) var surplus: [Int] = []
    /// The end of the message was sent, or may have been.
    package var isEndSent = false
    /// Why the connection is of no use any more.
    package private(set) var failure: SMTPClientError?
    /// The server does not know the command by which the content was sent: another way may work.
    package private(set) var refusedChunking = false
    private var mail: SMTPReply?

    init(recipients count: Int) { replies = Array(repeating: nil, count: count) }

    /// Recipients that may have the message, although nobody said so.
    package var inDoubt: [Int] { isEndSent && failure != nil ? waiting : [] }

    /// Whether the server said anything.
    package var isAnswered: Bool { mail != nil }

    /// Whether the server ended the connection before it heard of the message, or is at odds with it (503, for it takes
    /// the transaction before for open): a new connection may fare better.
    var isTurnedAway: Bool { !isEndSent && (mail == nil ? failure != nil : [421, 503].contains(mail?.code)) }

    var isMailAccepted: Bool { mail?.severity == .success }

    mutating func takeMail(_ reply: SMTPReply) {
        mail = reply
        if reply.severity != .success { replies = replies.map { _ in Self.refusal(reply) } }
    }

    mutating func take(_ reply: SMTPReply, for recipient: Int) {
        guard isMailAccepted else { return }
        if reply.severity == .success { return waiting.append(recipient) }
        replies[recipient] = Self.refusal(reply)
        // RFC 5321 §4.5.3.1.10: some say 552 where 452 is meant. One of which that is not true hears it again, alone.
        let isMeant = [452, 552].contains(reply.code) && reply.status == nil
        if reply.status == .tooManyRecipients || isMeant, !waiting.isEmpty { surplus.append(recipient) }
    }

    /// A reply that everyone who waits has in common.
    mutating func takeForAll(_ reply: SMTPReply) {
        for recipient in waiting { replies[recipient] = reply }
        waiting = []
    }

    /// The reply to the end of the content: LMTP has one for each recipient it accepted, in their order (RFC 2033
    /// §4.2).
    mutating func takeLast(_ reply: SMTPReply, _ dialect: SMTPClientSession.Dialect) {
        guard dialect == .lmtp else { return takeForAll(reply) }
        guard !waiting.isEmpty else { return }
        replies[waiting.removeFirst()] = reply
    }

    /// A reply to BDAT that means that the server has no such command.
    mutating func noteChunking(_ reply: SMTPReply) {
        refusedChunking = [500, 501, 502, 504].contains(reply.code)
    }

    /// The server does not know BDAT, as it said before it got any content.
    mutating func refuseChunking() { refusedChunking = true }

    mutating func fail(_ error: SMTPClientError) {
        failure = error
        // A server may refuse a message before it has all of it. It cannot take one.
        if error.stage == .content, case .unexpected(let reply) = error.cause, !reply.isPositive { takeForAll(reply) }
    }

    /// 3yz has no meaning in answer to MAIL and RCPT: the server is confused, and the recipient waits.
    private static func refusal(_ reply: SMTPReply) -> SMTPReply {
        guard reply.severity == .intermediate else { return reply }
        return SMTPReply(451, .protocolOther, lines: ["Unexpected reply \(reply.summary)"])
    }
}
