// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
internal import MessageFormat
internal import Runtime

/// One SORT at work: keys from the structures that were cached at delivery, put in order away from the event loop.
struct SortRun {
    private let session: IMAPSession
    private let criteria: [SortCriterion]

    /// Up to so many, putting in order takes less than going elsewhere.
    static let inlineCount = 500

    init(_ session: IMAPSession, _ criteria: [SortCriterion]) {
        self.session = session
        self.criteria = criteria
    }

    /// `found`, ascending indices in the view, in the order that was asked for; what is equal stays in its order (RFC
    /// 5256 §3).
    func order(_ found: [Int]) async throws -> [Int] {
        var keys: [SortKeys] = []
        keys.reserveCapacity(found.count)
        for (place, index) in found.enumerated() {
            if place.isMultiple(of: 256), session.connection.isAbandoned { break }
            guard let entry = session.view?.message(at: index) else { continue }
            keys.append(try await self.keys(of: entry, at: index))
            try await session.tellProgress(keys.count, of: found.count)
        }
        let directions = criteria.map(\.isReverse)
        guard keys.count > Self.inlineCount else { return SortKeys.order(keys, directions) }
        return await HandedOver(consume keys).run { SortKeys.order($0, directions) }
    }

    /// What a message is put in order by; `index` is where it is in the view.
    func keys(of entry: MessageEntry, at index: Int) async throws -> SortKeys {
        SortKeys(index: index, values: try await values(of: entry))
    }

    private func values(of entry: MessageEntry) async throws -> [SortKeys.Value] {
        let needsEnvelope = criteria.contains { $0.key != .arrival && $0.key != .size }
        let envelope = needsEnvelope ? try await session.readableEnvelope(of: entry) : nil
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
                case .date: .number(entry.sentSeconds(envelope))
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
    static func order(_ keys: [SortKeys], _ reversed: [Bool]) -> [Int] {
        keys.sorted { $0.precedes($1, reversed) }.map(\.index)
    }

    func precedes(_ other: SortKeys, _ reversed: [Bool]) -> Bool {
        for (place, isReverse) in reversed.enumerated() where values[place] != other.values[place] {
            return (values[place] < other.values[place]) != isReverse
        }
        return index < other.index
    }
}

extension MessageEntry {
    /// The Date field, or where it is none the internal date (RFC 5256 §2.2), in seconds since 1970.
    func sentSeconds(_ envelope: SummaryEnvelope?) -> Int64 { envelope?.sentDate?.secondsSince1970 ?? internalSeconds }
}

extension IMAPSession {
    /// The envelope of a message for putting it in order; `nil` when its header is lost.
    func readableEnvelope(of entry: MessageEntry) async throws -> SummaryEnvelope? {
        do throws(MailStoreError) {
            return try await envelope(of: entry)
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }
}
