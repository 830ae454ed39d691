// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// A search whose client is told what comes to its result and leaves it (RFC 5267 §4.3), until its mailbox is left.
struct SearchContext {
    /// Most of one session.
    static let maximumCount = 16
    /// Most results of all that are in an order of their own, four octets each.
    static let maximumOrdered = 200_000

    let tag: [UInt8]
    /// Of ESEARCH, whose answers name the mailbox.
    var source: ESearchResponse.Source?
    let numbers: MessageNumbers
    let key: SearchKey
    /// Empty for the order of the mailbox.
    let criteria: [SortCriterion]
    /// What is told of messages that are new and come to the result (RFC 5465 §7).
    let items: [FetchItem]
    /// What the client knows to be in the result.
    private(set) var members: UIDSet
    /// The same in its order, where that is not the mailbox's.
    private(set) var order: [UID]

    /// - Parameters:
    ///   - key: without sequence numbers, which mean what they meant when the command came.
    ///   - found: in the order of the result.
    init(
        tag: [UInt8],
        source: ESearchResponse.Source? = nil,
        _ numbers: MessageNumbers,
        _ key: SearchKey,
        _ criteria: [SortCriterion],
        _ found: [UID],
        items: [FetchItem] = []
    ) {
        self.items = items
        self.tag = tag
        self.source = source
        self.numbers = numbers
        self.key = key
        self.criteria = criteria
        members = UIDSet(found.map { $0.rawValue...$0.rawValue })
        order = criteria.isEmpty ? [] : found
    }

    func response(_ item: ESearchResponse.Item) -> Response {
        .esearch(ESearchResponse(tag: tag, source: source, isUID: numbers == .uid, items: [item]))
    }

    /// Takes members out; `nil` when none of them was in.
    mutating func remove(_ uids: UIDSet, in view: MailboxView) -> ESearchResponse.Item? {
        let gone = members.intersection(uids)
        guard !gone.isEmpty else { return nil }
        members = members.subtracting(gone)
        guard !criteria.isEmpty else { return .removeFrom([.init(0, shown(Array(gone.uids), in: view))]) }
        var placements: [ESearchResponse.Placement] = []
        var left: [UID] = []
        left.reserveCapacity(order.count)
        var run: [UID] = []
        for uid in order {
            if gone.contains(uid) {
                run.append(uid)
                continue
            }
            close(&run, behind: left.count, &placements, view)
            left.append(uid)
        }
        close(&run, behind: left.count, &placements, view)
        order = left
        return .removeFrom(placements)
    }

    private func close(
        _ run: inout [UID],
        behind count: Int,
        _ placements: inout [ESearchResponse.Placement],
        _ view: MailboxView
    ) {
        guard !run.isEmpty else { return }
        placements.append(.init(UInt32(clamping: count + 1), shown(run, in: view)))
        run = []
    }

    /// Puts members in that are new, in the order of the mailbox.
    mutating func insert(_ uids: UIDSet, in view: MailboxView) -> ESearchResponse.Item {
        members.formUnion(uids)
        return .addTo([.init(0, shown(Array(uids.uids), in: view))])
    }

    /// Puts one in at its place.
    mutating func insert(_ uid: UID, at place: Int, in view: MailboxView) -> ESearchResponse.Item {
        members.formUnion(UIDSet([uid.rawValue...uid.rawValue]))
        order.insert(uid, at: place)
        return .addTo([.init(UInt32(clamping: place + 1), shown([uid], in: view))])
    }

    private func shown(_ uids: [UID], in view: MailboxView) -> ResultNumbers {
        guard numbers == .sequence else { return ResultNumbers(uids.map(\.rawValue)) }
        return ResultNumbers(uids.compactMap { uid in view.index(of: uid).map { view.number($0).rawValue } })
    }
}

extension SearchKey {
    /// With the messages that sequence numbers, `*` and `$` name at this moment (RFC 5267 §4.3).
    ///
    /// A range up to `*` goes on beyond what there is.
    func frozen(in view: MailboxView) -> SearchKey {
        switch self {
        case .sequence(let set): Self.named(view.uids(of: view.existingIndices(of: set, .sequence)))
        case .uid(let set) where set.isSavedResult: Self.named(view.savedResult)
        case .uid(let set): .uid(set.frozen(largest: view.messages.last?.uid.rawValue ?? 1))
        case .and(let keys): .and(keys.map { $0.frozen(in: view) })
        case .or(let first, let second): .or(first.frozen(in: view), second.frozen(in: view))
        case .not(let key): .not(key.frozen(in: view))
        default: self
        }
    }

    private static func named(_ uids: UIDSet) -> SearchKey {
        guard !uids.isEmpty else { return .not(.all) }
        return .uid(SequenceSet(uids.ranges.map { .init(.value($0.lowerBound), .value($0.upperBound)) }))
    }
}

extension SequenceSet {
    fileprivate func frozen(largest: UInt32) -> SequenceSet {
        SequenceSet(
            ranges.map { range in
                switch (range.first, range.last) {
                case (.largest, .largest): .init(.value(largest), .value(largest))
                case (.value(let value), .largest), (.largest, .value(let value)):
                    .init(.value(Swift.min(value, largest)), .value(.max))
                default: range
                }
            }
        )
    }
}
