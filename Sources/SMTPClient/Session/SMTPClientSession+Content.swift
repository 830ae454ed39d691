// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MessageFormat
internal import Runtime
internal import SMTPWire

/// Where the octets that are sent come from.
package enum ContentSource: Sendable {
    case whole(any MessageContent)
    case converted(MessageConversion)

    /// Octets, where they are known before they are made.
    var size: UInt64? {
        if case .whole(let content) = self { content.size } else { nil }
    }
}

extension SMTPClientSession {
    /// Octets read from the message at a time.
    private static let pieceOctets = 64 * 1024

    /// One chunk with everything in it (RFC 3030 §2); its last octets go when the ledger knows.
    ///
    /// - Parameter answers: how many replies its end will have.
    func sendCounted(
        _ content: ContentSource,
        _ way: Way,
        _ outcome: inout TransactionOutcome,
        answers: Int
    ) async throws(SMTPClientError) {
        let size = content.size ?? 0
        let command = SMTPCommand.chunk(ChunkCommand(count: size, isLast: true))
        observer?.show(command)
        if size == 0 { try await announceEnd(way, &outcome) }
        connection.write(command.encoded)
        var sent: UInt64 = 0
        try await forEachPiece(of: content) { (piece) throws(SMTPClientError) in
            sent &+= UInt64(piece.count)
            if sent >= size { try await announceEnd(way, &outcome) }
            try await send(piece, outcome.isEndSent)
        }
        try await finish(answers: answers)
    }

    /// Lines with dots stuffed, and the terminator.
    ///
    /// Other systems never see a CR or LF on its own from us.
    func sendDotted(
        _ content: ContentSource,
        _ way: Way,
        _ outcome: inout TransactionOutcome,
        answers: Int
    ) async throws(SMTPClientError) {
        var encoder = DataEncoder(bareNewlines: .normalize)
        try await forEachPiece(of: content) { (piece) throws(SMTPClientError) in
            var octets: [UInt8] = []
            octets.reserveCapacity(piece.count + 64)
            encoder.encode(piece, into: &octets)
            try await send(octets, false)
        }
        var end: [UInt8] = []
        encoder.finish(into: &end)
        try await announceEnd(way, &outcome)
        connection.write(end)
        try await finish(answers: answers)
    }

    /// What comes before the end is sent; nothing that the server has said already speaks against it, and the ledger
    /// knows.
    private func announceEnd(_ way: Way, _ outcome: inout TransactionOutcome) async throws(SMTPClientError) {
        guard let willSendEnd = way.willSendEnd else { return outcome.isEndSent = true }
        try await push(.content)
        try checkSilence()
        guard await willSendEnd(outcome.waiting) else { throw SMTPClientError(.content, .withheld) }
        try checkSilence()
        outcome.isEndSent = true
    }

    private func checkSilence() throws(SMTPClientError) {
        if !hasUnaskedReply { try listen(.content) }
        guard hasUnaskedReply, let early = arrived.popLast() else { return }
        throw SMTPClientError(.content, .unexpected(early))
    }

    private func send(_ octets: [UInt8], _ isEnd: Bool) async throws(SMTPClientError) {
        connection.write(octets)
        observer?.show(.content(octets))
        guard connection.unsentCount >= Self.pieceOctets, !isEnd else { return }
        try await push(.content)
        guard hasUnaskedReply, let early = arrived.popLast() else { return }
        throw SMTPClientError(.content, .unexpected(early))
    }

    /// Once this begins, the server may have the whole message.
    private func finish(answers: Int) async throws(SMTPClientError) {
        outstanding += answers
        observer?.show(.endOfContent)
        try await push(.answer)
        connection.deadline = nil
    }

    private func forEachPiece(
        of content: ContentSource,
        _ body: ([UInt8]) async throws(SMTPClientError) -> Void
    ) async throws(SMTPClientError) {
        connection.idleTimeout = timeouts.block
        let octets: UInt64
        switch content {
        case .whole(let whole): octets = whole.size
        case .converted(let conversion): octets = conversion.estimatedOctets
        }
        connection.deadline = .now + timeouts.block + .seconds(Int64(octets / SMTPTimeouts.slowestRate))
        switch content {
        case .converted(let conversion): for piece in conversion.pieces { try await body(piece) }
        case .whole(let whole): try await forEachPiece(of: whole, body)
        }
    }

    private func forEachPiece(
        of content: any MessageContent,
        _ body: ([UInt8]) async throws(SMTPClientError) -> Void
    ) async throws(SMTPClientError) {
        var offset: UInt64 = 0
        while offset < content.size {
            let piece: [UInt8]
            do throws(IOError) {
                piece = try await content.read(at: offset, maximum: Self.pieceOctets)
                guard !piece.isEmpty, UInt64(piece.count) <= content.size - offset else { throw .closed }
            } catch {
                throw SMTPClientError(.content, .unreadable(error))
            }
            offset &+= UInt64(piece.count)
            try await body(piece)
        }
    }
}
