// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What a message must be to be found (RFC 9051 §6.4.4, RFC 5032 §3, RFC 7162 §3.1.5, RFC 8474 §6, RFC 8514 §4.3,
/// RFC 9738 §3.2).
package indirect enum SearchKey: Hashable, Sendable {
    package enum DateComparison: Hashable, Sendable { case before, on, since }

    package enum DateField: Hashable, Sendable {
        case internalDate
        /// The Date header field.
        case sent
        /// When the message came into the mailbox.
        case saved
    }

    case all
    case and([SearchKey])
    case body([UInt8])
    case date(DateField, DateComparison, CalendarDate)
    case emailID(String)
    case flag(SystemFlags, isSet: Bool)
    /// A header field, by name, whose text has `value`; an empty value asks only that the field is there. Covers BCC,
    /// CC, FROM, SUBJECT and TO.
    case header(name: [UInt8], value: [UInt8])
    case keyword(Keyword, isSet: Bool)
    case larger(UInt64)
    /// That mod-sequence or a greater one; of whatever entry the client names, since a message has one for all.
    case modSeq(ModSeq)
    case not(SearchKey)
    /// Internal date more than so many seconds ago.
    case older(UInt32)
    case or(SearchKey, SearchKey)
    case recent
    case saveDateSupported
    case sequence(SequenceSet)
    case smaller(UInt64)
    case text([UInt8])
    case threadID(String)
    case uid(SequenceSet)
    /// A greater UID (RFC 9738 §3.2): unlike `UID n:*`, none where there is no greater one.
    case uidAfter(UID)
    /// A lesser UID.
    case uidBefore(UID)
    /// Internal date less than so many seconds ago, or just so many.
    case younger(UInt32)

    /// Deepest nesting of NOT, OR and parentheses.
    package static let maximumDepth = 50
    /// Most keys in one SEARCH.
    package static let maximumCount = 1000
}
