// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import FuzzDriver
import MailTypes
import SASL
import SMTPServer
import SMTPWire

/// Any lines as a client's commands: each is refused, or reads back as it is written, and the rules of a session answer
/// it in every state that the lines before led to. The first octet picks the kind of session.
@main
enum FuzzSMTPCommands {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        let kinds: [SMTPService] = [.receive, .submission, .lmtp, .internalLMTP]
        let choice = Int(input.first ?? 0)
        var session = SMTPSession(
            kinds[choice % kinds.count],
            limits: limits(choice),
            hostName: "mx.example",
            peer: "192.0.2.1",
            channel: choice & 4 == 0 ? .clear : .tls,
            canStartTLS: choice & 8 == 0
        )
        for line in input.dropFirst().split(separator: ASCII.lf, maxSplits: 200, omittingEmptySubsequences: false) {
            do throws(SMTPSyntaxError) {
                let command = try SMTPCommand.parse(Array(line))
                checkEncoding(of: command)
                act(session.check(command), &session)
            } catch {
                precondition(error.offset >= 0 && error.offset <= line.count)
                act(session.fail(error), &session)
            }
        }
    }

    /// Half of the sessions offer all that there is.
    nonisolated static func limits(_ choice: Int) -> SMTPLimits {
        var limits = SMTPLimits()
        guard choice & 16 != 0 else { return limits }
        limits.offersReports = true
        limits.mayStartQueues = true
        limits.mayPresentClients = true
        (limits.verifies, limits.expands) = (.everybody, .users)
        limits.refusedSolicitations = ["net.example:ADV"].compactMap(SolicitationKeyword.init)
        limits.highestPriority = 3
        return limits
    }

    /// What is written is one line, and reads as what was written.
    nonisolated static func checkEncoding(of command: SMTPCommand) {
        let line = command.encoded
        precondition(line.suffix(2) == [ASCII.cr, ASCII.lf])
        precondition(!line.dropLast(2).contains(ASCII.lf))
        guard let again = try? SMTPCommand.parse(Array(line.dropLast(2))) else { preconditionFailure("does not read back") }
        precondition(again == command)
    }

    /// Does what the dialogue would do, with everything going well.
    nonisolated static func act(_ step: SMTPStep, _ session: inout SMTPSession) {
        switch step {
        case .reply(let reply), .close(let reply): checkReply(reply)
        case .startTLS: session.tlsEstablished()
        case .authenticate:
            guard let name = MailboxAddress("a@b") else { return }
            act(session.authenticated(.success(AuthenticatedUser(account: AccountID(1), name: name))), &session)
        case .beginTransaction(let mail): checkReply(session.begin(mail))
        case .resolve(let recipient): checkReply(session.add(recipient, .deliver([])))
        case .describe, .startQueue, .presentClient: break
        case .receiveData: session.endTransaction()
        case .receiveChunk(let chunk, let refusal):
            if chunk.isLast { session.endTransaction() } else if refusal != nil { session.chunkFailed() }
        }
    }

    /// A reply is lines of at most 512 octets that read back.
    nonisolated static func checkReply(_ reply: SMTPReply) {
        var parser = SMTPReplyParser()
        let octets = reply.encoded
        let read = try? parser.read(octets)
        precondition(read?.consumed == octets.count && read?.reply?.code == reply.code)
    }
}
