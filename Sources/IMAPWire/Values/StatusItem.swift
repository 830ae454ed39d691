// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What STATUS may ask of a mailbox (RFC 9051 §6.3.11, RFC 7889 §4).
package enum StatusItem: String, Hashable, Sendable, CaseIterable {
    case appendLimit = "APPENDLIMIT"
    case deleted = "DELETED"
    /// Octets of the messages that have `\\Deleted` (RFC 9208 §4.1.4).
    case deletedStorage = "DELETED-STORAGE"
    /// RFC 7162 §3.1.7.
    case highestModSeq = "HIGHESTMODSEQ"
    /// RFC 8474 §4.3.
    case mailboxID = "MAILBOXID"
    case messages = "MESSAGES"
    case recent = "RECENT"
    case size = "SIZE"
    case uidNext = "UIDNEXT"
    case uidValidity = "UIDVALIDITY"
    case unseen = "UNSEEN"
}

extension WireScanner {
    // "(" status-att *(SP status-att) ")"    RFC 9051 §9
    package mutating func statusItems() throws(IMAPSyntaxError) -> [StatusItem] {
        try list { (scanner) throws(IMAPSyntaxError) in try scanner.statusItem() }
    }

    package mutating func statusItem() throws(IMAPSyntaxError) -> StatusItem {
        let start = offset
        let expected = "a STATUS item such as MESSAGES or UIDNEXT"
        guard let item = StatusItem(rawValue: try word(expected)) else { throw failure(expected, at: start) }
        return item
    }
}
