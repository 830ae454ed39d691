// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// One THREAD at work, as `SortRun`.
struct ThreadRun {
    private let session: IMAPSession
    private let algorithm: ThreadCommand.Algorithm

    init(_ session: IMAPSession, _ algorithm: ThreadCommand.Algorithm) {
        self.session = session
        self.algorithm = algorithm
    }

    private var fields: [ColumnField] {
        switch algorithm {
        case .orderedSubject: [.sent, .subject]
        case .references: [.sent, .subject, .conversation]
        }
    }

    /// The THREAD response; `places` ascend, `numbers` are what the client calls the messages there.
    func response(_ places: [Int], _ numbers: [UInt32]) async throws -> [UInt8] {
        guard let (mailbox, account, table) = session.view.map({ ($0.id, $0.account, $0.messages) }) else {
            return Self.response(ThreadForest())
        }
        let columns = try await session.columns(fields, of: table, at: places, in: mailbox, of: account)
        return await IMAPSession.away(places.count) { [algorithm] in
            let messages = ThreadedMessages(table, places, numbers, columns)
            return switch algorithm {
            case .orderedSubject: Self.response(ThreadForest(bySubject: messages))
            case .references: Self.response(ThreadForest(byReferences: messages))
            }
        }
    }

    private static func response(_ forest: ThreadForest) -> [UInt8] {
        var encoder = WireEncoder()
        encoder.response(.thread(forest))
        return encoder.bytes
    }
}
