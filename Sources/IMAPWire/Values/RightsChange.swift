// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import MailTypes

/// What SETACL does to the rights of an identifier (RFC 4314 §3.1).
package struct RightsChange: Hashable, Sendable {
    package enum Mode: Hashable, Sendable { case replace, add, remove }

    package var mode: Mode
    package var rights: MailboxRights

    package init(_ mode: Mode, _ rights: MailboxRights) {
        self.mode = mode
        self.rights = rights
    }
}

/// Who has which rights: one pair of an ACL response (RFC 4314 §3.6).
package struct ACLEntry: Hashable, Sendable {
    package var identifier: String
    /// Lower-case letters and digits.
    package var rights: String

    package init(_ identifier: String, _ rights: String) {
        self.identifier = identifier
        self.rights = rights
    }
}

/// Which rights an identifier can be given (RFC 4314 §3.7).
package struct RightsListing: Hashable, Sendable {
    package var mailbox: String
    /// As the client wrote it.
    package var identifier: String
    /// What it always has.
    package var required: String
    /// What it can have; rights that come together stand in one.
    package var optional: [String]

    package init(mailbox: String, identifier: String, required: String, optional: [String]) {
        self.mailbox = mailbox
        self.identifier = identifier
        self.required = required
        self.optional = optional
    }
}

extension WireScanner {
    // identifier = astring    RFC 4314 §7
    /// UTF-8, and not empty (RFC 4314 §3).
    mutating func accessIdentifier() throws(IMAPSyntaxError) -> String {
        let start = offset
        let octets = try astring("an identifier")
        guard !octets.isEmpty, let text = String(validating: octets, as: UTF8.self) else {
            throw failure("an identifier in UTF-8", at: start)
        }
        return text
    }

    // mod-rights = astring    RFC 4314 §7
    // +rights to add, -rights to remove, rights to replace
    mutating func rightsChange() throws(IMAPSyntaxError) -> RightsChange {
        let start = offset
        let octets = try astring("rights")
        let mode: RightsChange.Mode =
            switch octets.first {
            case 0x2B: .add
            case 0x2D: .remove
            default: .replace
            }
        guard let rights = MailboxRights(letters: mode == .replace ? octets[...] : octets.dropFirst()) else {
            throw failure("rights among lrswipkxteacd", at: start)
        }
        return RightsChange(mode, rights)
    }

    // rights = astring    RFC 4314 §7
    mutating func rightsText() throws(IMAPSyntaxError) -> String {
        let start = offset
        let octets = try astring("rights")
        guard octets.allSatisfy({ (0x61...0x7A).contains($0) || ASCII.isDigit($0) }) else {
            throw failure("lower-case letters and digits", at: start)
        }
        return String(decoding: octets, as: UTF8.self)
    }

    // acl-data = "ACL" SP mailbox *(SP identifier SP rights)    RFC 4314 §7
    /// Behind the mailbox.
    mutating func aclEntries() throws(IMAPSyntaxError) -> [ACLEntry] {
        var entries: [ACLEntry] = []
        while accept(ASCII.space) {
            let identifier = try accessIdentifier()
            try space()
            entries.append(ACLEntry(identifier, try rightsText()))
        }
        return entries
    }

    // listrights-data = "LISTRIGHTS" SP mailbox SP identifier SP rights *(SP rights)    RFC 4314 §7
    /// Behind the mailbox.
    mutating func rightsListing(of mailbox: String) throws(IMAPSyntaxError) -> RightsListing {
        try space()
        let identifier = try accessIdentifier()
        try space()
        var listing = RightsListing(
            mailbox: mailbox,
            identifier: identifier,
            required: try rightsText(),
            optional: []
        )
        while accept(ASCII.space) { listing.optional.append(try rightsText()) }
        return listing
    }
}

extension WireEncoder {
    mutating func rightsChange(_ change: RightsChange) {
        let sign =
            switch change.mode {
            case .replace: ""
            case .add: "+"
            case .remove: "-"
            }
        astring((sign + change.rights.text).utf8)
    }

    mutating func acl(_ mailbox: String, _ entries: [ACLEntry]) {
        raw("ACL ")
        self.mailbox(mailbox)
        for entry in entries {
            space()
            astring(entry.identifier.utf8)
            space()
            astring(entry.rights.utf8)
        }
    }

    mutating func rightsListing(_ listing: RightsListing) {
        raw("LISTRIGHTS ")
        mailbox(listing.mailbox)
        for text in [listing.identifier, listing.required] + listing.optional {
            space()
            astring(text.utf8)
        }
    }

    mutating func myRights(_ mailbox: String, _ rights: String) {
        raw("MYRIGHTS ")
        self.mailbox(mailbox)
        space()
        astring(rights.utf8)
    }
}
