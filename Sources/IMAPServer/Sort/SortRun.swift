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
    private static let inlineCount = 500

    init(_ session: IMAPSession, _ criteria: [SortCriterion]) {
        self.session = session
        self.criteria = criteria
    }

    /// `found`, ascending indices in the view, in the order that was asked for; what is equal stays in its order (RFC
    /// 5256 §3).
    func order(_ found: [Int]) async throws -> [Int] {
        var keys: [SortKeys] = []
        keys.reserveCapacity(found.count)
        for index in found where !session.connection.isAbandoned {
            guard let entry = session.view?.message(at: index) else { continue }
            keys.append(try await self.keys(of: entry, at: index))
            try await session.tellProgress(keys.count, of: found.count)
            if keys.count.isMultiple(of: 1000) { await Task.yield() }
        }
        let directions = criteria.map(\.isReverse)
        guard keys.count > Self.inlineCount else { return SortKeys.order(keys, directions) }
        let all = keys
        return await BlockingPool.shared.run { SortKeys.order(all, directions) }
    }

    /// What a message is put in order by; `index` is where it is in the view.
    func keys(of entry: MessageEntry, at index: Int) async throws -> SortKeys {
        SortKeys(index: index, values: try await values(of: entry))
    }

    private func values(of entry: MessageEntry) async throws -> [SortKeys.Value] {
        let needsStructure = criteria.contains { $0.key != .arrival && $0.key != .size }
        let structure = needsStructure ? try await session.summary(of: entry) : nil
        return criteria.map { SortKeys.Value($0.key, entry, structure?.envelope ?? Envelope()) }
    }
}

/// What one message is put in order by.
struct SortKeys: Sendable {
    enum Value: Sendable, Comparable {
        case number(Int64)
        case text(CollationKey)

        init(_ key: SortCriterion.Key, _ entry: MessageEntry, _ envelope: Envelope) {
            self =
                switch key {
                case .arrival: .number(entry.internalSeconds)
                case .size: .number(Int64(clamping: entry.size))
                case .date: .number(envelope.sentSeconds(or: entry))
                case .subject: .text(BaseSubject(envelope.subject).key)
                case .from: .text(envelope.from.firstAddress?.sortKey ?? .empty)
                case .to: .text(envelope.to.firstAddress?.sortKey ?? .empty)
                case .cc: .text(envelope.cc.firstAddress?.sortKey ?? .empty)
                case .displayFrom: .text(envelope.from.firstAddress?.displayKey ?? .empty)
                case .displayTo: .text(envelope.to.firstAddress?.displayKey ?? .empty)
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

extension Envelope {
    /// The Date field, or where it is none the internal date (RFC 5256 §2.2), in seconds since 1970.
    func sentSeconds(or entry: MessageEntry) -> Int64 { sentDate?.secondsSince1970 ?? entry.internalSeconds }
}

extension [EnvelopeAddress] {
    /// The first that is an address, and not the name of a group.
    fileprivate var firstAddress: EnvelopeAddress? { first { !$0.isGroupStart && !$0.isGroupEnd } ?? first }
}

extension IMAPSession {
    /// The structure of a message for putting it in order; `nil` when its header is lost.
    func summary(of entry: MessageEntry) async throws -> MessageStructure? {
        do throws(MailStoreError) {
            return try await structure(of: entry)
        } catch {
            guard error.code == .damaged else { throw error }
            return nil
        }
    }
}
