// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MailStore
internal import MailTypes
package import MessageFormat

/// What THREAD has to know of a message.
package struct ThreadedMessage: Sendable {
    /// As the client knows it.
    package var number: UInt32
    /// When it was sent, in seconds since 1970.
    package var sent: Int64
    package var subject: BaseSubject
    package var id: [UInt8]?
    /// The ids it answers, the nearest last.
    package var references: [[UInt8]]

    package init(
        number: UInt32,
        sent: Int64,
        subject: BaseSubject,
        id: [UInt8]? = nil,
        references: [[UInt8]] = []
    ) {
        self.number = number
        self.sent = sent
        self.subject = subject
        self.id = id
        self.references = references
    }
}

/// The same of all messages of a THREAD, with numbers for subjects and ids.
struct ThreadedMessages: Sendable {
    struct Message: Sendable {
        var number: UInt32
        var sent: Int64
        /// The same for subjects that are the same; 0 for none.
        var subject: Int32
        var isReply: Bool
        /// `ConversationLinks.noID` where it has none.
        var id: Int32
    }

    private var messages: [Message] = []
    private var answered: [Int32] = []
    /// For each message, where its part of `answered` ends.
    private var ends: [Int] = []
    /// All ids have numbers below this.
    private(set) var idCount = 0
    /// All subjects have numbers below this.
    private(set) var subjectCount = 1

    var count: Int { messages.count }
    var indices: Range<Int> { messages.indices }
    subscript(place: Int) -> Message { messages[place] }

    /// The ids that a message answers, the nearest last.
    func answered(_ place: Int) -> ArraySlice<Int32> { answered[(place > 0 ? ends[place - 1] : 0)..<ends[place]] }

    private mutating func append(_ message: Message, answering ids: some Sequence<Int32>) {
        messages.append(message)
        answered += ids
        ends.append(answered.count)
        subjectCount = max(subjectCount, Int(message.subject) + 1)
    }

    init(_ messages: [ThreadedMessage]) {
        var (texts, ids) = (CollatedTexts(), MessageIDTable())
        for message in messages { texts.append(message.subject.key) }
        texts.rank()
        for (place, message) in messages.enumerated() {
            var id = ConversationLinks.noID
            if let own = message.id { id = ids.number(of: own[...]) }
            let answered = message.references.map { ids.number(of: $0[...]) }
            let (subject, isReply) = (texts.rank(of: place), message.subject.isReply)
            append(
                Message(number: message.number, sent: message.sent, subject: subject, isReply: isReply, id: id),
                answering: answered
            )
        }
        idCount = ids.count
    }

    /// Those at `places` of a table, which the client knows by `numbers`.
    ///
    /// - Parameter columns: of the Date field, the subject, and for threads by references the conversation.
    init(_ table: MessageTable, _ places: [Int], _ numbers: [UInt32], _ columns: [MessageColumn]) {
        let known = zip(places, numbers).filter { table.indices.contains($0.0) }
        let uids = known.map { table[$0.0].uid }
        let dates = columns.first { $0.field == .sent } ?? MessageColumn(.sent)
        let subjects = columns.first { $0.field == .subject } ?? MessageColumn(.subject)
        let links = columns.first { $0.field == .conversation } ?? MessageColumn(.conversation)
        let (dateRows, subjectRows, linkRows) = (dates.rows(of: uids), subjects.rows(of: uids), links.rows(of: uids))
        for (index, (place, number)) in known.enumerated() {
            let linkRow = Int(linkRows[index])
            append(
                Message(
                    number: number,
                    sent: table[place].sentSeconds(dates.date(dateRows[index])),
                    subject: subjects.rank(subjectRows[index]),
                    isReply: subjects.isReply(subjectRows[index]),
                    id: linkRow < 0 ? ConversationLinks.noID : links.links.own(linkRow)
                ),
                answering: linkRow < 0 ? [] : links.links.answered(linkRow)
            )
        }
        idCount = links.links.idCount
    }
}
