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
    /// CHILDINFO: by which selection option something below matches (RFC 5258 §3.5).
    package var childInfo: [String]

    package init(attributes: [String], name: String, childInfo: [String] = []) {
        self.attributes = attributes
        self.name = name
        self.childInfo = childInfo
    }
}

/// One count in a STATUS response.
package struct StatusValue: Hashable, Sendable {
    package var item: StatusItem
    package var value: UInt64

    package init(_ item: StatusItem, _ value: UInt64) {
        self.item = item
        self.value = value
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
    case search([UInt32])
    /// One personal namespace, prefix `""` and delimiter `/` (RFC 9051 §7.3.4).
    case namespace
    case id([IDParameter])
    case fetch(SequenceNumber, [FetchValue])
}
