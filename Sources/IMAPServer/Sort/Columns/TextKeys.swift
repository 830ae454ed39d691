// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailStore
internal import MessageFormat

/// What messages are compared by in a field of texts, in the order in which they were asked for.
struct TextKeys: Sendable {
    /// Octets that a key takes besides its own.
    static let overhead = 64

    private let field: ColumnField
    private let maximum: Int
    private(set) var keys: [CollationKey] = []
    private(set) var replies: [Bool] = []
    /// That all take in memory; of those that are left, the most that they can.
    private(set) var octets = 0
    /// Places in `keys` of messages whose cached structure is lost.
    private(set) var left: [Int] = []
    /// Whether no header is lost.
    private(set) var isWhole = true

    /// - Parameter maximum: octets at which it is full; one message always finds room.
    init(_ field: ColumnField, maximum: Int) {
        self.field = field
        self.maximum = maximum
    }

    var count: Int { keys.count }

    /// Adds the next message, while there is room.
    mutating func take(_ structure: CachedStructure?, of message: MessageEntry) {
        guard keys.isEmpty || octets < maximum else { return }
        if let structure, let envelope = SummaryEnvelope(structure.octets, at: structure.place),
            envelope.size == message.size
        {
            let text = ColumnText(field, envelope)
            keys.append(text.key)
            replies.append(text.isReply)
            octets += text.key.octets.count + Self.overhead
        } else {
            left.append(keys.count)
            keys.append(.empty)
            replies.append(false)
            octets += CollationKey.maximumOctets + Self.overhead
        }
    }

    /// What was found out of a message that was left; `nil` when its header is lost.
    mutating func set(_ envelope: SummaryEnvelope?, at place: Int) {
        guard let envelope else {
            isWhole = false
            return
        }
        let text = ColumnText(field, envelope)
        (keys[place], replies[place]) = (text.key, text.isReply)
    }
}
