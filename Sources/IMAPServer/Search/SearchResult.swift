// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes

/// What a search found, as its command is answered.
struct SearchResult {
    /// Ascending.
    private let messages: [MessageEntry]
    /// Of the messages, in the numbers of the command.
    let numbers: [UInt32]
    private let withModSeq: Bool

    /// `found`: indices in the view, ascending.
    init(_ found: [Int], _ kind: MessageNumbers, in view: MailboxView, withModSeq: Bool) {
        let known = found.filter { view.messages.indices.contains($0) }
        messages = known.map { view.messages[$0] }
        numbers = kind == .uid ? messages.map(\.uid.rawValue) : known.map { view.number($0).rawValue }
        self.withModSeq = withModSeq
    }

    /// The greatest mod-sequence of all; `nil` when none was asked for, or nothing was found.
    var modSeq: ModSeq? { withModSeq ? messages.lazy.map(\.modSeq).max() : nil }

    /// What is answered; nothing but COUNT when nothing was found (RFC 4731 §3.1).
    func items(_ options: SearchReturn) -> [ESearchResponse.Item] {
        var items: [ESearchResponse.Item] = []
        if let first = numbers.first, options.contains(.minimum) { items.append(.minimum(first)) }
        if let last = numbers.last, options.contains(.maximum) { items.append(.maximum(last)) }
        if options.contains(.count) { items.append(.count(UInt32(clamping: numbers.count))) }
        if options.contains(.all), !numbers.isEmpty {
            items.append(.all(UIDSet(ascending: numbers.lazy.map { UID($0) })))
        }
        if let modSeq = modSeq(toldBy: options) { items.append(.modSeq(modSeq)) }
        return items
    }

    /// Of the messages that the response tells of (RFC 4731 §3.2).
    private func modSeq(toldBy options: SearchReturn) -> ModSeq? {
        guard withModSeq else { return nil }
        guard options.isDisjoint(with: [.all, .count]) else { return modSeq }
        return ends(options).map(\.modSeq).max()
    }

    /// What `$` stands for (RFC 5182 §2.4): with MIN and MAX alone, those messages.
    func saved(by options: SearchReturn) -> UIDSet {
        let isWhole = !options.isDisjoint(with: [.all, .count]) || options.isDisjoint(with: [.minimum, .maximum])
        let chosen = isWhole ? messages : ends(options)
        return UIDSet(chosen.map { $0.uid.rawValue...$0.uid.rawValue })
    }

    private func ends(_ options: SearchReturn) -> [MessageEntry] {
        let first = options.contains(.minimum) ? messages.first : nil
        let last = options.contains(.maximum) ? messages.last : nil
        return [first, last].compactMap(\.self)
    }
}
