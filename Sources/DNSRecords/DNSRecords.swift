// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The grammar of the domain name system: names, messages and records as values that own their octets.
//
// A message is its octets and nothing else says how long it is: no length inside is believed before it was compared with
// what is there (RFC 9267). Reading ends for any octets, in a time that grows with their number; a compression pointer
// only leads backwards, and a name has at most 255 octets.

/// Why octets are not a message of the domain name system.
package struct DNSSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable {
        /// A field ends behind the end of the message.
        case truncated
        /// A label of a kind that there is not (RFC 1035 §4.1.4 reserves two).
        case labelKind = "label of an unknown kind"
        /// A compression pointer that does not lead backwards.
        case pointer = "compression pointer does not lead backwards"
        /// More than 255 octets.
        case nameLength = "name longer than 255 octets"
        /// What a record holds is not as long as it says.
        case dataLength = "length of record data is wrong"
        /// Octets behind the last record.
        case trailing = "octets behind the last record"
        /// More than 65,535 octets.
        case messageLength = "message longer than 65,535 octets"
    }

    /// Where in the message.
    package var offset: Int
    package var reason: Reason

    package init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    package var description: String { "\(reason.rawValue), at octet \(offset)" }
}
