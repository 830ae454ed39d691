// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import SMTPWire

extension SMTPDialogue {
    /// Accounts that one answer to EXPN names.
    private static let maximumMembers = 100

    /// VRFY and EXPN, for a client who may know (RFC 5321 §3.5).
    func describe(_ recipient: RecipientCommand, expands: Bool) async {
        let path = recipient.forwardPath
        let found = await server.services.recipients.resolve(path, from: .null, user: session.user)
        switch found {
        case .deliver(let deliveries) where expands: list(deliveries.map(\.address))
        case .expand(let others) where expands: list(others.map(\.address))
        case .deliver, .expand: reply(SMTPReply(250, .recipientValid, "\(path)"))
        case .temporary: reply(SMTPReply(451, .mailSystem, "Cannot look this address up now"))
        case .disabled: perform(session.fail(SMTPReply(550, .mailboxDisabled, "This mailbox takes no mail: \(path)")))
        case .unknown: perform(session.fail(SMTPReply(550, .noSuchMailbox, "No such mailbox here: \(path)")))
        default: reply(SMTPReply(252, .other, "Not an address of this server"))
        }
    }

    private func list(_ addresses: [MailboxAddress]) {
        let members = addresses.prefix(Self.maximumMembers).map { "<\($0)>" }
        let rest = addresses.count - members.count
        reply(SMTPReply(250, .recipientValid, lines: members + (rest > 0 ? ["and \(rest) more"] : [])))
    }

    /// ETRN (RFC 1985 §5.2).
    func start(_ queue: RemoteQueueCommand) async {
        let outcome = await server.services.queues?.start(queue) ?? .unavailable
        events.record(.queueAskedFor, ["smtp.etrn": .string(queue.name), "smtp.outcome": .string("\(outcome)")])
        switch outcome {
        case .started(messages: 0): reply(SMTPReply(251, .other, "OK, no messages wait for \(queue.name)"))
        case .started(let count):
            reply(SMTPReply(253, .other, "OK, \(count) messages for \(queue.name) are on their way"))
        case .unknown: perform(session.fail(SMTPReply(501, .invalidArguments, "Name a domain or a connector")))
        case .unavailable: reply(SMTPReply(458, .mailSystem, "Cannot start \(queue.name) now"))
        }
    }
}
