// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime
package import SMTPWire

extension SMTPClientSession {
    /// Sends one message, and never throws: what is known of each recipient is known also when the connection fails.
    ///
    /// - Parameters:
    ///   - optimistic: sends the content without waiting for the answers to the envelope, one round trip in all. For
    ///     servers on this machine that offer PIPELINING and CHUNKING and seldom refuse; else it makes no difference.
    ///   - chunking: sends by BDAT if the server knows it.
    ///   - probing: asks the server with an empty chunk whether it knows BDAT before it gets any content: with
    ///     `refusedChunking` and no `failure` the message was not offered, and the connection is as good as before.
    ///   - willSendEnd: is told who may have the message from here on, just before it is ended; with false it is not.
    package func deliver(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: ContentSource,
        optimistic: Bool = false,
        chunking: Bool = true,
        probing: Bool = false,
        willSendEnd: (([Int]) async -> Bool)? = nil
    ) async -> TransactionOutcome {
        var outcome = TransactionOutcome(recipients: recipients.count)
        let wasDeferring = connection.defersShutdown
        // What is begun is finished, even while this process drains.
        connection.defersShutdown = true
        defer { connection.defersShutdown = wasDeferring }
        transactions += 1
        let isCounted = chunking && capabilities.chunking && content.size != nil
        let way = Way(counted: isCounted, probes: probing && isCounted, willSendEnd: willSendEnd)
        do throws(SMTPClientError) {
            if optimistic, capabilities.pipelining, way.counted {
                try await runAhead(mail, recipients, content, way, &outcome)
            } else {
                try await run(mail, recipients, content, way, &outcome)
            }
        } catch {
            if way.counted, !way.probes, error.stage == .content, case .unexpected(let reply) = error.cause {
                outcome.noteChunking(reply)
            }
            outcome.fail(error)
            isEnding = true
        }
        return outcome
    }

    /// How the content of one message is sent.
    struct Way {
        /// By BDAT.
        let counted: Bool
        /// Whether the server knows BDAT is asked before: what it says to content is about the content.
        let probes: Bool
        let willSendEnd: (([Int]) async -> Bool)?
    }

    /// Sends one message; the last word on each recipient, in their order.
    ///
    /// Throws when one of them had none.
    package func transact(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: any MessageContent,
        optimistic: Bool = false
    ) async throws(SMTPClientError) -> [SMTPReply] {
        let outcome = await deliver(mail, recipients, .whole(content), optimistic: optimistic)
        let replies = outcome.replies.compactMap(\.self)
        if let failure = outcome.failure, replies.count < recipients.count { throw failure }
        return replies
    }

    /// Asks whether the server would take a message, and sends none.
    ///
    /// Returns its answer to the recipient, or to MAIL when that was refused.
    package func verify(_ mail: MailCommand, _ recipient: RecipientCommand) async throws(SMTPClientError) -> SMTPReply {
        let commands: [SMTPCommand] = [.mail(mail), .recipient(recipient), .reset]
        var answers: [SMTPReply] = []
        if capabilities.pipelining {
            for command in commands { write(command) }
            for _ in commands { answers.append(try await reply(.envelope, timeouts.command)) }
        } else {
            for command in commands { answers.append(try await ask(command, .envelope)) }
        }
        return answers[0].isPositive ? answers[1] : answers[0]
    }

    // MARK: Step by step

    private func run(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: ContentSource,
        _ way: Way,
        _ outcome: inout TransactionOutcome
    ) async throws(SMTPClientError) {
        let toData = try await sendEnvelope(mail, recipients, way, &outcome)
        guard !outcome.waiting.isEmpty else { return try await giveUp(toData, &outcome) }
        let answers = dialect == .lmtp ? outcome.waiting.count : 1
        if way.counted {
            if way.probes {
                guard try await knowsChunks(&outcome) else { return }
            }
            try await sendCounted(content, way, &outcome, answers: answers)
        } else {
            guard let toData, toData.severity != .success else {
                throw SMTPClientError(.envelope, toData.map { .unexpected($0) } ?? .io(.closed))
            }
            guard toData.severity == .intermediate else {
                outcome.takeForAll(toData)
                return await resetQuietly()
            }
            try await sendDotted(content, way, &outcome, answers: answers)
        }
        try await takeLastAnswers(way, &outcome)
    }

    /// MAIL, RCPT and DATA, in one go where the server can (RFC 2920 §3.1); the answer to DATA, if that was sent.
    private func sendEnvelope(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ way: Way,
        _ outcome: inout TransactionOutcome
    ) async throws(SMTPClientError) -> SMTPReply? {
        guard capabilities.pipelining else {
            return try await sendEnvelopeInSteps(mail, recipients, way, &outcome)
        }
        write(.mail(mail))
        for recipient in recipients { write(.recipient(recipient)) }
        if !way.counted { write(.data) }
        outcome.takeMail(try await reply(.envelope, timeouts.command))
        for index in recipients.indices { outcome.take(try await reply(.envelope, timeouts.command), for: index) }
        return way.counted ? nil : try await reply(.envelope, timeouts.dataStart)
    }

    private func sendEnvelopeInSteps(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ way: Way,
        _ outcome: inout TransactionOutcome
    ) async throws(SMTPClientError) -> SMTPReply? {
        outcome.takeMail(try await ask(.mail(mail), .envelope))
        guard outcome.isMailAccepted else { return nil }
        for (index, recipient) in recipients.enumerated() {
            outcome.take(try await ask(.recipient(recipient), .envelope), for: index)
        }
        return way.counted || outcome.waiting.isEmpty ? nil : try await ask(.data, .envelope)
    }

    /// Asks with an empty chunk (RFC 3030 §2): a server that does not know BDAT takes no content for commands then.
    ///
    /// With false the transaction is over. Any 5yz counts: about content that it has not seen a server can say nothing
    /// else, and some take no empty chunk.
    private func knowsChunks(_ outcome: inout TransactionOutcome) async throws(SMTPClientError) -> Bool {
        let answer = try await ask(.chunk(ChunkCommand(count: 0, isLast: false)), .envelope)
        switch answer.severity {
        case .success: return true
        case .intermediate: throw SMTPClientError(.envelope, .unexpected(answer))
        case .permanent: outcome.refuseChunking()
        case .transient: outcome.takeForAll(answer)
        }
        await resetQuietly()
        return false
    }

    /// Nobody takes the message: ends the transaction.
    ///
    /// A server that says 354 all the same is given no content (RFC 2920 §3.1).
    private func giveUp(_ toData: SMTPReply?, _ outcome: inout TransactionOutcome) async throws(SMTPClientError) {
        if toData?.severity == .intermediate {
            connection.write(".\r\n")
            outstanding += 1
            let answer = try await reply(.envelope, timeouts.answer)
            guard answer.severity != .success else { return await resetQuietly() }
        } else if outcome.isMailAccepted {
            await resetQuietly()
        }
    }

    /// A transaction that cannot be ended ends the connection, and changes no outcome.
    private func resetQuietly() async {
        guard !isEnding else { return }
        do throws(SMTPClientError) { try await reset() } catch { isEnding = true }
    }

    /// The answers to the end of the content.
    private func takeLastAnswers(_ way: Way, _ outcome: inout TransactionOutcome) async throws(SMTPClientError) {
        while !outcome.waiting.isEmpty {
            let answer = try await reply(.answer, timeouts.answer)
            guard answer.severity != .intermediate else { throw SMTPClientError(.answer, .unexpected(answer)) }
            if way.counted, !way.probes, !answer.isPositive { outcome.noteChunking(answer) }
            outcome.takeLast(answer, dialect)
            // RFC 3030 §2: a chunk that failed leaves the transaction open.
            if way.counted, !answer.isPositive, outcome.waiting.isEmpty { await resetQuietly() }
        }
    }

    // MARK: All at once

    /// Envelope and content without a pause (RFC 2033 leaves the answers in order).
    private func runAhead(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: ContentSource,
        _ way: Way,
        _ outcome: inout TransactionOutcome
    ) async throws(SMTPClientError) {
        write(.mail(mail))
        for recipient in recipients { write(.recipient(recipient)) }
        // As many as there may be: who is accepted is not known yet.
        try await sendCounted(content, way, &outcome, answers: dialect == .lmtp ? max(recipients.count, 1) : 1)
        outcome.takeMail(try await reply(.answer, timeouts.command))
        for index in recipients.indices { outcome.take(try await reply(.answer, timeouts.command), for: index) }
        if outcome.waiting.isEmpty {
            // The server counted the chunk all the same.
            _ = try await reply(.answer, timeouts.answer)
            await resetQuietly()
        } else {
            try await takeLastAnswers(way, &outcome)
        }
        outstanding = 0
    }
}
