// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// One THREAD at work, as `SortRun`.
struct ThreadRun {
    private let session: IMAPSession
    private let algorithm: ThreadCommand.Algorithm

    init(_ session: IMAPSession, _ algorithm: ThreadCommand.Algorithm) {
        self.session = session
        self.algorithm = algorithm
    }

    /// The THREAD response; `numbers`: what the client calls the messages at `places`.
    func response(_ places: [Int], _ numbers: [UInt32]) async throws -> [UInt8] {
        var messages: [ThreadedMessage] = []
        messages.reserveCapacity(places.count)
        for (place, number) in zip(places, numbers) {
            if messages.count.isMultiple(of: 256), session.connection.isAbandoned { break }
            guard let entry = session.view?.message(at: place) else { continue }
            messages.append(try await message(entry, number))
            try await session.tellProgress(messages.count, of: places.count)
        }
        let algorithm = algorithm
        guard messages.count > SortRun.inlineCount else { return Self.response(messages, algorithm) }
        return await HandedOver(consume messages).run { Self.response($0, algorithm) }
    }

    private static func response(_ messages: [ThreadedMessage], _ algorithm: ThreadCommand.Algorithm) -> [UInt8] {
        let forest =
            switch algorithm {
            case .orderedSubject: ThreadForest(bySubject: messages)
            case .references: ThreadForest(byReferences: messages)
            }
        var encoder = WireEncoder()
        encoder.response(.thread(forest))
        return encoder.bytes
    }

    private func message(_ entry: MessageEntry, _ number: UInt32) async throws -> ThreadedMessage {
        let envelope = try await session.readableEnvelope(of: entry)
        var message = ThreadedMessage(
            number: number,
            sent: entry.sentSeconds(envelope),
            subject: BaseSubject(envelope?.text(envelope?.subject))
        )
        guard algorithm == .references, let envelope else { return message }
        message.id = envelope.text(envelope.messageID).flatMap { MessageIDs.list(in: $0).first }
        message.references = MessageIDs.list(in: try await references(of: entry, envelope))
        // RFC 5256 §3 step 1: what a message answers counts when it has no References.
        if message.references.isEmpty {
            let answered = envelope.text(envelope.inReplyTo)
            message.references = answered.map { Array(MessageIDs.list(in: $0).prefix(1)) } ?? []
        }
        return message
    }

    /// As cached at delivery; releases before this one did not, and then it is looked for in the header.
    private func references(of entry: MessageEntry, _ envelope: SummaryEnvelope) async throws -> [UInt8] {
        if let cached = envelope.text(envelope.references) { return cached }
        do throws(MailStoreError) {
            let header = try await session.structure(of: entry).root.header.clamped(to: 0..<IMAPSession.pieceOctets)
            let fields = HeaderFields(try await session.octets(of: entry, header).bytes)
            return fields.values(of: "References").first { !$0.isEmpty } ?? []
        } catch {
            guard error.code == .damaged else { throw error }
            return []
        }
    }
}
