// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MessageFormat

/// What a message says of its conversation (RFC 5256 §3 REFERENCES, step 1).
struct ConversationIDs {
    var own: [UInt8]?
    /// The ids it answers, the nearest last.
    var answered: [[UInt8]]

    /// - Parameter references: the value of its References field, of no octets when it has none.
    init(_ envelope: SummaryEnvelope, _ references: [UInt8]) {
        own = envelope.text(envelope.messageID).flatMap { MessageIDs.list(in: $0).first }
        answered = MessageIDs.list(in: references)
        // What a message answers counts when it has no References.
        guard answered.isEmpty, let field = envelope.text(envelope.inReplyTo) else { return }
        answered = Array(MessageIDs.list(in: field).prefix(1))
    }

    init(own: [UInt8]?, answered: [[UInt8]]) {
        self.own = own
        self.answered = answered
    }
}

/// The same of many messages, with numbers in the place of ids.
struct ConversationLinks: Sendable {
    /// Of a message without an id.
    static let noID: Int32 = -1

    private var ids = MessageIDTable()
    private var own: [Int32] = []
    private var answered: [Int32] = []
    /// For each row, where its part of `answered` ends.
    private var ends: [Int] = []

    /// All ids have numbers below this.
    var idCount: Int { ids.count }
    var memory: Int { ids.memory + own.capacity * 12 + answered.capacity * 4 }

    /// The number of a message's own id, or `noID`.
    func own(_ row: Int) -> Int32 { own[row] }

    /// Those that it answers, the nearest last.
    func answered(_ row: Int) -> ArraySlice<Int32> { answered[(row > 0 ? ends[row - 1] : 0)..<ends[row]] }

    mutating func append(_ message: ConversationIDs) {
        var number = Self.noID
        if let id = message.own { number = ids.number(of: id[...]) }
        own.append(number)
        for id in message.answered { answered.append(ids.number(of: id[...])) }
        ends.append(answered.count)
    }

    mutating func add(_ other: ConversationLinks) {
        let numbers = ids.numbers(of: other.ids)
        let shift = answered.count
        for id in other.own { own.append(id < 0 ? Self.noID : numbers[Int(id)]) }
        for id in other.answered { answered.append(numbers[Int(id)]) }
        for end in other.ends { ends.append(end + shift) }
    }
}
