// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import ProtocolTrace
internal import Runtime
internal import SMTPWire

extension SMTPDialogue {
    /// DATA: everything up to CR LF "." CR LF is read whatever comes of it (RFC 5321 §4.1.1.4).
    func receiveData() async throws(IOError) {
        reply(SMTPReply(354, nil, "End with <CR><LF>.<CR><LF>"))
        let reception = try await withContentDeadline { () async throws(IOError) -> MessageReception in
            let reception = makeReception(.dotted)
            self.reception = reception
            while !reception.isAtEnd { try await take(reception) { $0.byteCount } }
            return reception
        }
        await conclude(reception)
    }

    /// BDAT: as many octets as were announced are read whatever comes of it (RFC 3030 §2).
    func receive(_ chunk: ChunkCommand, _ refusal: SMTPReply?) async throws(IOError) {
        ledger.begin(chunk)
        let reception = self.reception ?? makeReception(.counted)
        if let refusal { reception.refuse(refusal) } else { self.reception = reception }
        try await withContentDeadline { () async throws(IOError) in
            while !ledger.isChunkComplete { try await take(reception) { self.ledger.take($0.byteCount) } }
        }
        if refusal == nil, ledger.isMessageComplete { return await conclude(reception) }
        guard let refusal = refusal ?? reception.refusal else {
            return reply(SMTPReply(250, .other, "\(chunk.count) octets received"))
        }
        reply(refusal)
        if chunk.isLast { session.endTransaction() } else { session.chunkFailed() }
    }

    private func makeReception(_ framing: DataDecoder.Framing) -> MessageReception {
        MessageReception(self, framing)
    }

    /// Waits for octets and takes those that `share` says belong to the message.
    private func take(_ reception: MessageReception, _ share: (RawSpan) -> Int) async throws(IOError) {
        let octets = try await connection.withAvailable { span in
            let (consumed, octets) = reception.decode(span.extracting(0..<share(span)))
            return (consumed, octets)
        }
        guard let octets else { throw .closed }
        notes.took(octets)
        await reception.take(octets)
        guard reception.isWithinDrainLimit else { throw .budgetExceeded }
    }

    /// Content has a time limit of its own, and a draining process lets it come to its end.
    private func withContentDeadline<Result>(
        _ body: () async throws(IOError) -> Result
    ) async throws(IOError) -> Result {
        let outer = (connection.deadline, connection.defersShutdown)
        let limit = ContinuousClock.now + session.limits.dataTimeout
        connection.deadline = limit
        connection.defersShutdown = true
        defer { (connection.deadline, connection.defersShutdown) = outer }
        return try await body()
    }

    /// The message is whole: has the sink take it, and answers.
    private func conclude(_ reception: MessageReception) async {
        self.reception = nil
        notes.trace?.endOfContent()
        let replies = await reception.finish()
        guard let transaction = session.transaction else { return }
        session.endTransaction()
        let answers = server.service.isLMTP ? replies : [DeliveryAnswer.combine(replies, of: transaction)]
        for (index, answer) in answers.enumerated() {
            record(answer, transaction, reception)
            if server.service != .internalLMTP {
                let recipients = transaction.recipients
                let own = server.service.isLMTP ? recipients[index...].prefix(1) : recipients[...]
                track(answer, transaction, own, reception)
            }
            reply(answer)
        }
    }

    private func record(_ answer: SMTPReply, _ transaction: MailTransaction, _ reception: MessageReception) {
        guard server.service != .internalLMTP else { return }
        events.record(
            answer.isPositive ? .messageAccepted : .messageRefused,
            [
                "smtp.sender": .string("\(transaction.reversePath)"),
                "smtp.recipients": .list(transaction.recipients.prefix(20).map { "\($0.forwardPath)" }),
                "smtp.recipient-count": .count(transaction.recipients.count),
                "message.id": .string(reception.messageID ?? ""), "message.octets": .count(reception.contentOctets),
                "smtp.reply": .string(answer.summary),
            ],
            trace: transaction.trace.text
        )
    }
}
