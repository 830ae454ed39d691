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

    private static let inlineCount = 200

    init(_ session: IMAPSession, _ algorithm: ThreadCommand.Algorithm) {
        self.session = session
        self.algorithm = algorithm
    }

    /// `numbers`: what the client calls the messages at `places`.
    func forest(_ places: [Int], _ numbers: [UInt32]) async throws -> ThreadForest {
        var messages: [ThreadedMessage] = []
        messages.reserveCapacity(places.count)
        for (place, number) in zip(places, numbers) where !session.connection.isAbandoned {
            guard let entry = session.view?.message(at: place) else { continue }
            messages.append(try await message(entry, number))
            try await session.tellProgress(messages.count, of: places.count)
            if messages.count.isMultiple(of: 1000) { await Task.yield() }
        }
        let (all, algorithm) = (messages, algorithm)
        guard all.count > Self.inlineCount else { return Self.forest(all, algorithm) }
        return await BlockingPool.shared.run { Self.forest(all, algorithm) }
    }

    private static func forest(_ messages: [ThreadedMessage], _ algorithm: ThreadCommand.Algorithm) -> ThreadForest {
        switch algorithm {
        case .orderedSubject: ThreadForest(bySubject: messages)
        case .references: ThreadForest(byReferences: messages)
        }
    }

    private func message(_ entry: MessageEntry, _ number: UInt32) async throws -> ThreadedMessage {
        let structure = try await session.summary(of: entry)
        let envelope = structure?.envelope ?? Envelope()
        var message = ThreadedMessage(
            number: number,
            sent: envelope.sentSeconds(or: entry),
            subject: BaseSubject(envelope.subject)
        )
        guard algorithm == .references, let structure else { return message }
        message.id = envelope.messageID.flatMap { MessageIDs.list(in: $0).first }
        message.references = MessageIDs.list(in: try await references(of: entry, structure))
        // RFC 5256 §3 step 1: what a message answers counts when it has no References.
        if message.references.isEmpty {
            message.references = envelope.inReplyTo.map { Array(MessageIDs.list(in: $0).prefix(1)) } ?? []
        }
        return message
    }

    /// As cached at delivery; releases before this one did not, and then it is looked for in the header.
    private func references(of entry: MessageEntry, _ structure: MessageStructure) async throws -> [UInt8] {
        if let cached = structure.references { return cached }
        let header = structure.root.header.clamped(to: 0..<IMAPSession.pieceOctets)
        do throws(MailStoreError) {
            let fields = HeaderFields(try await session.octets(of: entry, header).bytes)
            return fields.values(of: "References").first { !$0.isEmpty } ?? []
        } catch {
            guard error.code == .damaged else { throw error }
            return []
        }
    }
}
