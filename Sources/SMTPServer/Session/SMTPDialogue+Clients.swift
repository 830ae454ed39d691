// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SASL
internal import SMTPWire

extension SMTPDialogue {
    // MARK: Rates

    /// Whether there are limits for this client.
    private var isLimited: Bool { !session.limits.isTrusted && server.service != .internalLMTP }

    private typealias Limits = (address: RateLimit, network: RateLimit, account: RateLimit)

    /// Why the connection is one too many; `nil` when it is not.
    func refusalOfConnection() -> SMTPReply? {
        let limits = session.limits.connectionRates
        guard let found = excess(.connections, (limits.address, limits.network, .none)) else { return nil }
        return SMTPReply(421, .security, "Too many connections from \(found.who), try again in \(found.seconds) s")
    }

    /// Why the user who has logged on is on one connection too many.
    func refusalOfLogOn() -> SMTPReply? {
        let limit = session.limits.connectionRates.account
        guard session.user != nil, let found = excess(.connections, (.none, .none, limit)) else { return nil }
        return SMTPReply(421, .security, "Too many connections of \(found.who), try again in \(found.seconds) s")
    }

    /// Why MAIL is one too many.
    func refusalOfMessage() -> SMTPReply? {
        let limits = session.limits.messageRates
        guard let found = excess(.messages, (limits.address, limits.network, limits.account)) else { return nil }
        return SMTPReply(450, .security, "Too many messages from \(found.who), try again in \(found.seconds) s")
    }

    /// Why RCPT is one too many.
    func refusalOfRecipient() -> SMTPReply? {
        let limits = session.limits.recipientRates
        guard let found = excess(.recipients, (limits.address, limits.network, limits.account)) else { return nil }
        return SMTPReply(450, .security, "Too many recipients from \(found.who), try again in \(found.seconds) s")
    }

    /// Counts; whose limit is reached, and when it is not any more.
    private func excess(_ matter: RateLimiter.Matter, _ limits: Limits) -> (who: String, seconds: Int)? {
        guard isLimited else { return nil }
        let (rates, peer, instance) = (server.services.clients.rates, connection.peer, server.instance)
        var found: (who: String, seconds: Int)?
        if let user = session.user,
            let seconds = rates.take(matter, of: .account(user.account.rawValue), instance, limits.account)
        {
            found = ("\(user.name)", seconds)
        } else if let seconds = rates.take(matter, of: .init(address: peer), instance, limits.address) {
            found = (peer.host, seconds)
        } else if let seconds = rates.take(matter, of: .init(networkOf: peer), instance, limits.network) {
            found = ("the network of \(peer.host)", seconds)
        }
        if let found { noteExcess(matter, found.who, found.seconds) }
        return found
    }

    /// Tells of the first of each matter: a client that goes on and on fills no log.
    private func noteExcess(_ matter: RateLimiter.Matter, _ who: String, _ seconds: Int) {
        guard excesses.count(matter) else { return }
        events.record(
            .rateExceeded,
            ["smtp.matter": .string(matter.rawValue), "smtp.who": .string(who), "smtp.seconds": .count(seconds)],
            trace: session.transaction?.trace.text
        )
    }

    /// Whether there is an event of its own for a recipient who is put off, as for the first hundred of a session.
    var isToldOf: Bool { session.deferrals < 100 }

    /// One event for all that was not told of one by one.
    func reportExcesses() {
        guard excesses.untold > 0 || !isToldOf else { return }
        events.record(
            .putOffOften,
            ["smtp.rate-refusals": .count(excesses.total), "smtp.deferrals": .count(session.deferrals)]
        )
    }

    // MARK: Names that are guessed

    /// A recipient was unknown: holds the answer back when there were many.
    ///
    /// True when the connection is to end.
    func slowDown() async -> Bool {
        guard isLimited, session.user == nil else { return false }
        unknownRecipients += 1
        let limits = session.limits
        let network = RateLimiter.Subject(networkOf: connection.peer)
        let seconds = server.services.clients.rates.take(
            .unknownRecipients,
            of: network,
            server.instance,
            limits.unknownRate
        )
        if let seconds {
            noteExcess(.unknownRecipients, "the network of \(connection.peer.host)", seconds)
            perform(
                .close(SMTPReply(421, .security, "Too many unknown recipients, try again in \(seconds) s"))
            )
            return true
        }
        guard unknownRecipients > limits.tarpitAfter, limits.tarpitDelay > .zero, let loop = EventLoop.current else {
            return false
        }
        if unknownRecipients == limits.tarpitAfter + 1 {
            events.record(.namesGuessed, ["smtp.unknown-recipients": .count(unknownRecipients)])
        }
        // What was said before is not held back with it.
        let isFlushed: Void? = try? await connection.flush()
        if isFlushed != nil { _ = try? await loop.sleep(for: limits.tarpitDelay) }
        return false
    }

    // MARK: Talking out of turn

    /// Where a client has to wait for the server (RFC 5321 §3.1, RFC 2920 §3.1).
    enum Turn: String {
        case greeting
        case hello = "EHLO"
        case data = "DATA"
    }

    /// Sees whether the client has sent something that it could only send without waiting for this server.
    ///
    /// True when the connection ends for it.
    func endsForTalking(beforeAnswerTo turn: Turn) -> Bool {
        guard server.service != .internalLMTP, session.limits.earlyTalkers != .ignore else { return false }
        let octets = turn == .greeting ? connection.arrivedCount : connection.bufferedCount
        guard octets > 0 else { return false }
        if !hasTalkedEarly {
            hasTalkedEarly = true
            events.record(.talkedEarly, ["smtp.turn": .string(turn.rawValue), "smtp.octets": .count(octets)])
        }
        guard session.limits.earlyTalkers == .refuse, !session.limits.isTrusted else { return false }
        perform(.close(SMTPReply(554, .badSequence, "Wait for the answer to \(turn.rawValue)")))
        return true
    }
}

/// How often a client did more than it may on one connection.
struct ExcessCounts {
    private var counts: [RateLimiter.Matter: Int] = [:]

    /// Counts one; true for the first of its matter.
    mutating func count(_ matter: RateLimiter.Matter) -> Bool {
        counts[matter, default: 0] += 1
        return counts[matter] == 1
    }

    var total: Int { counts.values.reduce(0, +) }
    /// Those beyond the first of each matter.
    var untold: Int { total - counts.count }
}
