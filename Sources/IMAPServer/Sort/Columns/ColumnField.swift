// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire
internal import MessageFormat

/// What messages are put in order, joined and found by, and what has to be read of each for it.
enum ColumnField: Hashable, Sendable {
    /// The moment in the Date field.
    case sent
    /// The base subject, and whether it is an answer's.
    case subject
    /// Of the first address of a list.
    case from, to, cc, displayFrom, displayTo
    /// Its own id, and those that it answers.
    case conversation

    /// `nil` for what a message's entry has.
    init?(_ key: SortCriterion.Key) {
        switch key {
        case .arrival, .size: return nil
        case .date: self = .sent
        case .subject: self = .subject
        case .from: self = .from
        case .to: self = .to
        case .cc: self = .cc
        case .displayFrom: self = .displayFrom
        case .displayTo: self = .displayTo
        }
    }
    /// Whether texts are what is compared.
    var isText: Bool {
        switch self {
        case .sent, .conversation: false
        case .subject, .from, .to, .cc, .displayFrom, .displayTo: true
        }
    }
}

/// What a message is compared by in a field of texts.
struct ColumnText {
    var key: CollationKey
    var isReply = false

    /// Of no octets in a field of something else.
    init(_ field: ColumnField, _ envelope: SummaryEnvelope) {
        switch field {
        case .subject:
            let subject = BaseSubject(envelope.text(envelope.subject))
            (key, isReply) = (subject.key, subject.isReply)
        case .from: key = envelope.firstAddress(.from)?.sortKey ?? .empty
        case .to: key = envelope.firstAddress(.to)?.sortKey ?? .empty
        case .cc: key = envelope.firstAddress(.cc)?.sortKey ?? .empty
        case .displayFrom: key = envelope.firstAddress(.from)?.displayKey ?? .empty
        case .displayTo: key = envelope.firstAddress(.to)?.displayKey ?? .empty
        case .sent, .conversation: key = .empty
        }
    }
}
