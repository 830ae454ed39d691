// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailStore
package import MailTypes

/// Something that `check` found wrong.
package struct CheckFinding: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        /// Octets of a message are lost.
        case message
        /// What was kept of a message's structure is lost; the message itself reads whole, and the server parses it
        /// again.
        case structure
        /// An account has a message of which there is no record.
        case missing
        /// A record of an account that is no message: what it changed shows in the account only as long as a base or a
        /// snapshot that came after it lasts.
        case record
        /// One of the two records of a base.
        case base
        /// Octets that are no record.
        case octets
        /// The record reads whole, with bits that were wrong on the disk and could be corrected.
        case mended
        /// An account cannot be read.
        case account
        /// Derived files, which are made again: two of an account, two of a journal, and FORMAT.
        case snapshot, texts, checkpoint, sidecar, format
    }

    package var kind: Kind
    /// Path below the store's folder.
    package var file: String
    package var shard: Int?
    package var segment: UInt32?
    /// Where in the file; 0 when it is about the file.
    package var offset: UInt64 = 0
    package var account: AccountID?
    /// For messages.
    package var mailbox: MailboxName?
    package var uid: UID?
    /// Octets that cannot be read any more.
    package var octetsLost: UInt64 = 0
    /// For messages: where the account's state has it, and what of it is lost.
    package var body: BodyReference?
    package var lost: [Range<UInt64>] = []
    /// For people.
    package var detail: String = ""

    package init(_ kind: Kind, file: String, offset: UInt64 = 0, detail: String = "") {
        self.kind = kind
        self.file = file
        self.offset = offset
        self.detail = detail
    }

    /// Whether an account's mail is hit: a damaged message, or one that is not there.
    package var isInMail: Bool { kind == .message || kind == .missing || kind == .account }
}

/// What `check` looked at and found.
package struct CheckReport: Sendable, Hashable {
    /// More are counted, and not kept.
    package static let maximumFindings = 100_000

    package var segments = 0
    package var records = 0
    package var octets: UInt64 = 0
    package var accounts = 0
    /// In all mailboxes; copies are counted each.
    package var messages = 0
    package private(set) var findings: [CheckFinding] = []
    /// Findings beyond `maximumFindings`.
    package private(set) var omitted = 0

    package init() {}

    package var isClean: Bool { findings.isEmpty }

    package mutating func add(_ finding: CheckFinding) {
        guard findings.count < Self.maximumFindings else { return omitted += 1 }
        findings.append(finding)
    }
}
