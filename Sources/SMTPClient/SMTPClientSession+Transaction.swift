// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes
internal import Runtime
package import SMTPWire

extension SMTPClientSession {
    /// Octets read from the message at a time.
    private static let pieceOctets = 64 * 1024

    /// Sends one message.
    ///
    /// Returns the server's last word on each recipient, in their order.
    ///
    /// - Parameter optimistic: sends the content without waiting for the answers to the envelope, one round trip in all.
    ///   For servers on this machine that offer PIPELINING and CHUNKING and seldom refuse; else it makes no difference.
    package func transact(
        _ mail: MailCommand,
        _ recipients: [RecipientCommand],
        _ content: any MessageContent,
        optimistic: Bool = false
    ) async throws(SMTPClientError) -> [SMTPReply] {
        let isOptimistic = optimistic && capabilities.pipelining && capabilities.chunking
        let commands = [SMTPCommand.mail(mail)] + recipients.map { .recipient($0) }
        var answers: [SMTPReply] = []
        if capabilities.pipelining {
            for command in commands { connection.write(command.encoded) }
            if isOptimistic { try await sendCounted(content) }
            for _ in commands { answers.append(try await reply(isOptimistic ? .answer : .envelope, timeouts.command)) }
        } else {
            for command in commands { answers.append(try await ask(command, .envelope)) }
        }
        let accepted = answers.first?.isPositive == true ? answers.dropFirst().filter(\.isPositive).count : 0
        var last: [SMTPReply] = []
        if isOptimistic {
            last = try await lastAnswers(accepted)
        } else if accepted > 0 {
            last = try await send(content, accepted)
        }
        if accepted == 0 { try await reset() }
        return Self.outcomes(answers, last)
    }

    /// Asks whether the server would take a message, and sends none.
    ///
    /// Returns its answer to the recipient, or to MAIL when that was refused.
    package func verify(_ mail: MailCommand, _ recipient: RecipientCommand) async throws(SMTPClientError) -> SMTPReply {
        let commands: [SMTPCommand] = [.mail(mail), .recipient(recipient), .reset]
        var answers: [SMTPReply] = []
        if capabilities.pipelining {
            for command in commands { connection.write(command.encoded) }
            for _ in commands { answers.append(try await reply(.envelope, timeouts.command)) }
        } else {
            for command in commands { answers.append(try await ask(command, .envelope)) }
        }
        return answers[0].isPositive ? answers[1] : answers[0]
    }

    /// Sends the content in the way the server knows and reads what it says to it.
    private func send(_ content: any MessageContent, _ accepted: Int) async throws(SMTPClientError) -> [SMTPReply] {
        if capabilities.chunking {
            try await sendCounted(content)
        } else {
            let answer = try await ask(.data, .envelope)
            guard answer.severity == .intermediate else { return [SMTPReply](repeating: answer, count: accepted) }
            try await sendDotted(content)
        }
        return try await lastAnswers(accepted)
    }

    /// The answers to the end of the content: LMTP gives one for each recipient it accepted (RFC 2033 §4.2).
    private func lastAnswers(_ accepted: Int) async throws(SMTPClientError) -> [SMTPReply] {
        var answers: [SMTPReply] = []
        for _ in 0..<(dialect == .lmtp ? max(accepted, 1) : 1) {
            answers.append(try await reply(.answer, timeouts.answer))
        }
        return dialect == .lmtp ? answers : [SMTPReply](repeating: answers[0], count: accepted)
    }

    /// What became of each recipient: a refusal of the envelope, else the next of the last answers.
    private static func outcomes(_ answers: [SMTPReply], _ last: [SMTPReply]) -> [SMTPReply] {
        guard let mail = answers.first else { return [] }
        guard mail.isPositive else { return [SMTPReply](repeating: mail, count: answers.count - 1) }
        var rest = last[...]
        return answers.dropFirst().map { $0.isPositive ? rest.popFirst() ?? $0 : $0 }
    }

    // MARK: Content

    /// One chunk with everything in it (RFC 3030 §2).
    private func sendCounted(_ content: any MessageContent) async throws(SMTPClientError) {
        connection.write(SMTPCommand.chunk(ChunkCommand(count: content.size, isLast: true)).encoded)
        try await forEachPiece(of: content) { $0 }
        try await flush()
    }

    /// Lines with dots stuffed, and the terminator.
    ///
    /// Other systems never see a CR or LF on its own from us.
    private func sendDotted(_ content: any MessageContent) async throws(SMTPClientError) {
        var encoder = DataEncoder(bareNewlines: .normalize)
        try await forEachPiece(of: content) { piece in
            var octets: [UInt8] = []
            octets.reserveCapacity(piece.count + 64)
            encoder.encode(piece, into: &octets)
            return octets
        }
        var end: [UInt8] = []
        encoder.finish(into: &end)
        connection.write(end)
        try await flush()
    }

    private func forEachPiece(
        of content: any MessageContent,
        _ encode: ([UInt8]) -> [UInt8]
    ) async throws(SMTPClientError) {
        connection.idleTimeout = timeouts.block
        do throws(IOError) {
            var offset: UInt64 = 0
            while offset < content.size {
                let piece = try await content.read(at: offset, maximum: Self.pieceOctets)
                guard !piece.isEmpty else { throw .closed }
                offset &+= UInt64(piece.count)
                try await connection.send(encode(piece))
            }
        } catch {
            throw SMTPClientError(.content, .io(error))
        }
    }

    /// Once this begins, the server may have the whole message.
    private func flush() async throws(SMTPClientError) {
        do throws(IOError) { try await connection.flush() } catch { throw SMTPClientError(.answer, .io(error)) }
    }
}
