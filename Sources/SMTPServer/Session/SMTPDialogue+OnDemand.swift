// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
internal import SASL
internal import SMTPWire

extension SMTPDialogue {
    /// ATRN passed the rules: turns the connection round, when there is something to send (RFC 2645 §4).
    func relayOnDemand(_ command: OnDemandRelayCommand) async {
        // What came behind the command would be taken for the other side's greeting.
        guard connection.bufferedCount == 0 else {
            return perform(.close(SMTPReply(503, .badSequence, "Nothing may follow ATRN, closing connection")))
        }
        guard let user = session.user, let relay = server.services.onDemand else {
            return perform(session.fail(SMTPReply(502, .badSequence, "ATRN is not offered")))
        }
        switch await relay.answer(to: user, at: connection.peer, for: command.domains) {
        case .nothing: reply(SMTPReply(453, .other, "You have no mail"))
        case .refused: perform(session.fail(SMTPReply(450, .notAuthorized, "ATRN request refused")))
        case .unavailable: reply(SMTPReply(451, .mailSystem, "Unable to process ATRN request now"))
        case .mail(let mail):
            events.record(
                .relayedOnDemand,
                ["user.name": .string("\(user.name)"), "smtp.domains": .list(command.domains.map(\.text))]
            )
            perform(.close(SMTPReply(250, .other, "OK now reversing the connection")))
            // Who is gone before the answer gets no mail, and the next call must not wait for this one.
            try? await connection.flush()
            await mail.send(over: connection)
        }
    }
}
