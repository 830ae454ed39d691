// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SASL
internal import SMTPWire

extension SMTPDialogue {
    /// MAIL passed the rules: asks whether the sender may.
    func begin(_ mail: MailCommand) async {
        if let refusal = refusalOfMessage() { return perform(session.fail(refusal)) }
        if let address = mail.reversePath.address, let refusal = await refusal(of: address, field: "reverse-path") {
            return perform(session.fail(refusal))
        }
        if let refusal = await nullMXRefusal(mail) { return perform(session.fail(refusal)) }
        let reply = session.begin(mail)
        guard let refusal = await filterMail() else { return self.reply(reply) }
        session.endTransaction()
        perform(refusal: refusal)
    }

    /// A sender whose domain takes no mail could never be told of a failure (RFC 7505 §4.2).
    private func nullMXRefusal(_ mail: MailCommand) async -> SMTPReply? {
        guard session.limits.refusesNullMXSenders, server.service == .receive,
            let domain = mail.reversePath.address?.domain, let policy = server.services.senderDomains,
            !session.mayRelay(from: connection.peer), await policy.takesNoMail(domain)
        else { return nil }
        events.record(
            .senderTakesNoMail,
            ["smtp.sender": .string("\(mail.reversePath)"), "net.peer": .string(connection.peer.host)],
            trace: nil
        )
        return SMTPReply(550, .senderTakesNoMail, "The sender's domain takes no mail (null MX): \(domain)")
    }

    /// Why the user may not write under this address; `nil` when they may.
    ///
    /// The null reverse-path is everybody's.
    func refusal(of address: MailboxAddress, field: String) async -> SMTPReply? {
        guard session.limits.checksSender, let user = session.user, let policy = server.services.senders else {
            return nil
        }
        switch await policy.mayUse(address, by: user) {
        case .allowed: return nil
        case .unavailable: return SMTPReply(451, .mailSystem, "Cannot check the sender now")
        case .notOwned:
            events.record(
                .senderRefused,
                [
                    "user.name": .string("\(user.name)"), "smtp.sender": .string("\(address)"),
                    "smtp.field": .string(field),
                ],
                trace: session.transaction?.trace.text
            )
            return SMTPReply(550, .notAuthorized, "\(user.name) may not send as \(address)")
        }
    }

    /// RCPT passed the rules: asks who it is.
    func resolve(_ recipient: RecipientCommand) async {
        if let refusal = refusalOfRecipient() { return perform(refusal: refusal) }
        var resolution = await resolution(of: recipient)
        if let refusal = await refusalByPolicy(recipient, resolution) { resolution = .refused(refusal) }
        resolution = await filtered(resolution, recipient)
        let reply = session.add(recipient, resolution)
        if reply.isPositive, session.user == nil { connection.deadline = nil }
        if !reply.isPositive {
            trackRefusal(of: recipient, reply)
        }
        if !reply.isPositive, isToldOf {
            events.record(
                resolution == .notLocal ? .relayRefused : .recipientRefused,
                [
                    "smtp.sender": .string("\(session.transaction?.reversePath ?? .null)"),
                    "smtp.recipient": .string("\(recipient.forwardPath)"), "smtp.reply": .string(reply.summary),
                ],
                trace: session.transaction?.trace.text
            )
        }
        if resolution == .unknown, await slowDown() { return }
        perform(refusal: reply)
    }

    /// Why a recipient who is there is not taken from this client.
    private func refusalByPolicy(_ recipient: RecipientCommand, _ found: RecipientResolution) async -> SMTPReply? {
        if let refusal = await refusalByLists(recipient.forwardPath) { return refusal }
        guard found.isTaken, let refusal = refusalOfStranger(recipient.forwardPath) else { return nil }
        guard isToldOf else { return refusal }
        events.record(
            .greylisted,
            [
                "smtp.sender": .string("\(session.transaction?.reversePath ?? .null)"),
                "smtp.recipient": .string("\(recipient.forwardPath)"),
            ],
            trace: session.transaction?.trace.text
        )
        return refusal
    }

    /// Martlet's own transport says which account it is; the directory was asked there.
    private func resolution(of recipient: RecipientCommand) async -> RecipientResolution {
        let (recipients, octets) = (server.services.recipients, session.transaction?.mail.size)
        if let account = recipient.account, case .address(let address) = recipient.forwardPath {
            let delivery = LocalDelivery(account: account, address: address)
            // A delivery with a name may be there already, which only the store knows: it decides.
            guard recipient.delivery == nil else { return .deliver([delivery]) }
            return await recipients.admission(of: [delivery], octets: octets)
        }
        let found = await recipients.resolve(
            recipient.forwardPath,
            from: session.transaction?.reversePath ?? .null,
            user: session.user
        )
        switch found {
        case .deliver(let deliveries): return await recipients.admission(of: deliveries, octets: octets)
        case .notLocal: return await relayResolution(of: recipient)
        default: return found
        }
    }

    /// A recipient of another server.
    private func relayResolution(of recipient: RecipientCommand) async -> RecipientResolution {
        guard let relay = server.services.relay, let transaction = session.transaction,
            session.mayRelay(from: connection.peer) || relay.takesFromEverybody(recipient.forwardPath)
        else { return .notLocal }
        return await relay.admission(of: recipient, in: transaction)
    }
}
