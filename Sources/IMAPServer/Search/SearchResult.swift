// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// What a search found, as its command is answered.
struct SearchResult {
    private let table: MessageTable
    /// Where the messages are in the table, in the order of the result.
    private let places: [Int]
    /// Of the messages, in the numbers of the command.
    let numbers: [UInt32]
    private let withModSeq: Bool
    /// Told when not all messages were looked at (RFC 9738 §3.1).
    var limit: ResponseCode?

    /// `found`: indices in the view, in the order of the result.
    init(_ found: [Int], _ kind: MessageNumbers, in view: MailboxView, withModSeq: Bool) {
        let table = view.messages
        let places = found.filter { table.indices.contains($0) }
        numbers = places.map { kind == .uid ? table[$0].uid.rawValue : view.number($0).rawValue }
        self.table = table
        self.places = places
        self.withModSeq = withModSeq
    }

    var isEmpty: Bool { places.isEmpty }

    /// In the order of the result.
    var uids: [UID] { places.map { table[$0].uid } }

    /// The greatest mod-sequence of all; `nil` when none was asked for, or nothing was found.
    var modSeq: ModSeq? { withModSeq ? greatest(of: places) : nil }

    private func greatest(of places: [Int]) -> ModSeq? { places.lazy.map { table[$0].modSeq }.max() }

    /// What is answered; nothing but COUNT and PARTIAL when nothing was found (RFC 4731 §3.1).
    func items(_ returned: SearchReturn) -> [ESearchResponse.Item] {
        let options = returned.options
        var items: [ESearchResponse.Item] = []
        if let first = numbers.first, options.contains(.minimum) { items.append(.minimum(first)) }
        if let last = numbers.last, options.contains(.maximum) { items.append(.maximum(last)) }
        if options.contains(.count) { items.append(.count(UInt32(clamping: numbers.count))) }
        if options.contains(.all), !numbers.isEmpty { items.append(.all(ResultNumbers(numbers))) }
        if let partial = returned.partial {
            items.append(.partial(partial, ResultNumbers(numbers[partial.places(of: numbers.count)])))
        }
        if let modSeq = modSeq(toldBy: returned) { items.append(.modSeq(modSeq)) }
        return items
    }

    /// Of the messages that the response tells of (RFC 4731 §3.2, RFC 9394 §3.4).
    private func modSeq(toldBy returned: SearchReturn) -> ModSeq? {
        guard withModSeq else { return nil }
        guard returned.options.isDisjoint(with: [.all, .count]) else { return modSeq }
        return greatest(of: part(returned))
    }

    /// What `$` stands for (RFC 5182 §2.4, RFC 9394 §3.2): with MIN, MAX and PARTIAL, the messages that they name, unless
    /// all are counted.
    func saved(by returned: SearchReturn) -> UIDSet {
        let options = returned.options
        let hasPart = returned.partial != nil || !options.isDisjoint(with: [.minimum, .maximum])
        let isWhole = !options.isDisjoint(with: [.all, .count]) || !hasPart
        let chosen = isWhole ? places : part(returned)
        // In the order of the mailbox, which a set need not be brought into.
        return UIDSet(ascending: chosen.sorted().lazy.map { table[$0].uid })
    }

    private func part(_ returned: SearchReturn) -> [Int] {
        let first = returned.options.contains(.minimum) ? places.first : nil
        let last = returned.options.contains(.maximum) ? places.last : nil
        let some = returned.partial.map { Array(places[$0.places(of: places.count)]) } ?? []
        return [first, last].compactMap(\.self) + some
    }
}
