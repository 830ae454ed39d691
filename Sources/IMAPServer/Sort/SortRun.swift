// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat

/// One SORT at work: what headers say comes from columns, which are in order already but for what is new.
struct SortRun {
    private let session: IMAPSession
    private let criteria: [SortCriterion]

    init(_ session: IMAPSession, _ criteria: [SortCriterion]) {
        self.session = session
        self.criteria = criteria
    }

    /// `found`, ascending indices in the view, in the order that was asked for; what is equal stays in its order (RFC
    /// 5256 §3).
    func order(_ found: [Int]) async throws -> [Int] {
        guard let (mailbox, account, messages) = session.view.map({ ($0.id, $0.account, $0.messages) }) else {
            return []
        }
        var fields: [ColumnField] = []
        for field in criteria.compactMap({ ColumnField($0.key) }) where !fields.contains(field) { fields.append(field) }
        var columns: [MessageColumn] = []
        if !fields.isEmpty {
            columns = try await session.columns(fields, of: messages, at: found, in: mailbox, of: account)
        }
        let order = SortOrder(criteria: criteria, columns: columns, messages: messages)
        return await IMAPSession.away(found.count) { order.order(found) }
    }

    /// What one message is put in order by, looked up by itself: for whoever asks for few, one after the other.
    ///
    /// `index` is where it is in the view.
    func keys(of entry: MessageEntry, at index: Int) async throws -> SortKeys {
        SortKeys(index: index, values: try await values(of: entry))
    }

    private func values(of entry: MessageEntry) async throws -> [SortKeys.Value] {
        let needsEnvelope = criteria.contains { $0.key != .arrival && $0.key != .size }
        var envelope: SummaryEnvelope?
        if needsEnvelope, let (mailbox, account) = session.view.map({ ($0.id, $0.account) }) {
            envelope = try await session.readableEnvelope(of: entry, in: mailbox, of: account)
        }
        return criteria.map { SortKeys.Value($0.key, entry, envelope) }
    }
}

/// What one message is put in order by.
struct SortKeys: Sendable {
    enum Value: Sendable, Comparable {
        case number(Int64)
        case text(CollationKey)

        /// Without an envelope there are no header fields.
        init(_ key: SortCriterion.Key, _ entry: MessageEntry, _ envelope: SummaryEnvelope?) {
            self =
                switch key {
                case .arrival: .number(entry.internalSeconds)
                case .size: .number(Int64(clamping: entry.size))
                case .date: .number(entry.sentSeconds(envelope?.sentDate))
                case .subject: .text(BaseSubject(envelope?.text(envelope?.subject)).key)
                case .from: .text(envelope?.firstAddress(.from)?.sortKey ?? .empty)
                case .to: .text(envelope?.firstAddress(.to)?.sortKey ?? .empty)
                case .cc: .text(envelope?.firstAddress(.cc)?.sortKey ?? .empty)
                case .displayFrom: .text(envelope?.firstAddress(.from)?.displayKey ?? .empty)
                case .displayTo: .text(envelope?.firstAddress(.to)?.displayKey ?? .empty)
                }
        }

        static func < (a: Value, b: Value) -> Bool {
            switch (a, b) {
            case (.number(let a), .number(let b)): a < b
            case (.text(let a), .text(let b)): a < b
            case (.number, .text): true
            case (.text, .number): false
            }
        }
    }

    var index: Int
    var values: [Value]

    /// `reversed`: for each value, whether the greater comes first.
    func precedes(_ other: SortKeys, _ reversed: [Bool]) -> Bool {
        for (place, isReverse) in reversed.enumerated() where values[place] != other.values[place] {
            return (values[place] < other.values[place]) != isReverse
        }
        return index < other.index
    }
}

extension MessageEntry {
    /// The Date field, or where it is none the internal date (RFC 5256 §2.2), in seconds since 1970.
    func sentSeconds(_ date: MailDate?) -> Int64 { date?.secondsSince1970 ?? internalSeconds }
}
