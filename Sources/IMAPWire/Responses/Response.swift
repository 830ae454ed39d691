// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// OK, NO, BAD, BYE or PREAUTH with code and text (RFC 9051 §7.1).
package struct StatusResponse: Hashable, Sendable {
    package enum Condition: String, Hashable, Sendable, CaseIterable {
        case ok = "OK"
        case no = "NO"
        case bad = "BAD"
        case bye = "BYE"
        case preauth = "PREAUTH"
    }

    package var condition: Condition
    package var code: ResponseCode?
    /// One line for people; what is not printable ASCII is sent as `?`.
    package var text: String

    package init(_ condition: Condition, _ code: ResponseCode? = nil, _ text: String) {
        self.condition = condition
        self.code = code
        self.text = text
    }
}

/// One row of LIST or LSUB (RFC 9051 §7.3.1).
package struct MailboxListing: Hashable, Sendable {
    /// With their backslash, such as `\HasChildren`.
    package var attributes: [String]
    /// UTF-8; empty with the root row that tells the delimiter.
    package var name: String
    /// OLDNAME: what the mailbox was asked for as, or called before (RFC 9051 §7.3.1).
    package var oldName: String?
    /// CHILDINFO: by which selection option something below matches (RFC 5258 §3.5).
    package var childInfo: [String]
    /// What stands between the levels of names; `nil` where the server has no levels.
    package var delimiter: UInt8?

    /// `/`.
    package static let ownDelimiter: UInt8 = 0x2F

    package init(
        attributes: [String],
        name: String,
        childInfo: [String] = [],
        oldName: String? = nil,
        delimiter: UInt8? = Self.ownDelimiter
    ) {
        self.delimiter = delimiter
        self.attributes = attributes
        self.name = name
        self.childInfo = childInfo
        self.oldName = oldName
    }
}

/// One count in a STATUS response, or the mailbox's object identifier.
package struct StatusValue: Hashable, Sendable {
    package enum Value: Hashable, Sendable {
        case number(UInt64)
        case objectID(String)
    }

    package var item: StatusItem
    package var value: Value

    package init(_ item: StatusItem, _ number: UInt64) {
        self.item = item
        value = .number(number)
    }

    /// MAILBOXID.
    package init(mailboxID: String) {
        item = .mailboxID
        value = .objectID(mailboxID)
    }
}

/// How much of one resource is used, of how much (RFC 9208 §5).
package struct QuotaResource: Hashable, Sendable {
    /// Such as STORAGE, which counts in units of 1,024 octets, and MESSAGE.
    package var name: String
    package var usage: UInt64
    package var limit: UInt64

    package init(_ name: String, usage: UInt64, limit: UInt64) {
        self.name = name
        self.usage = usage
        self.limit = limit
    }
}

/// Whatever a server sends (RFC 9051 §7).
package enum Response: Hashable, Sendable {
    case tagged([UInt8], StatusResponse)
    case untagged(StatusResponse)
    /// `+` and text or base64 (RFC 9051 §7.6).
    case continuation([UInt8])
    case capability([String])
    case enabled([String])
    case flags([String])
    case exists(UInt32)
    case recent(UInt32)
    case expunge(SequenceNumber)
    case list(MailboxListing)
    case lsub(MailboxListing)
    case status(mailbox: String, [StatusValue])
    /// With the greatest mod-sequence of those found, where it was asked for (RFC 7162 §3.1.5).
    case search([UInt32], modSeq: ModSeq?)
    case esearch(ESearchResponse)
    /// In order, as `search` (RFC 5256 §4).
    case sort([UInt32], modSeq: ModSeq?)
    case thread(ThreadForest)
    /// UIDs that are gone: now, or with EARLIER some time ago (RFC 7162 §3.2.10). Never empty.
    case vanished(UIDSet, isEarlier: Bool)
    /// Annotations of a mailbox, or of the server where its name is empty (RFC 5464 §4.4.1). Never empty.
    case metadata(mailbox: String, [MetadataEntry])
    /// Entries that have changed, by their names (RFC 5464 §4.4.2). Never empty.
    case metadataChanged(mailbox: String, [String])
    /// RFC 9208 §4.2.1.
    case quota(root: String, [QuotaResource])
    /// The quota roots of a mailbox (RFC 9208 §4.2.2).
    case quotaRoot(mailbox: String, roots: [String])
    /// One personal namespace, prefix `""` and delimiter `/`, and with a prefix that of other users (RFC 9051 §7.3.4).
    case namespace(others: String?)
    /// Who has rights to a mailbox (RFC 4314 §3.6).
    case acl(mailbox: String, [ACLEntry])
    /// Which rights somebody can be given (RFC 4314 §3.7).
    case listRights(RightsListing)
    /// What the user may do, as letters (RFC 4314 §3.8).
    case myRights(mailbox: String, String)
    case id([IDParameter])
    case fetch(SequenceNumber, [FetchValue])
    /// The same by UID, for clients that enabled UIDONLY (RFC 9586 §3.3).
    case uidFetch(UID, [FetchValue])
}
