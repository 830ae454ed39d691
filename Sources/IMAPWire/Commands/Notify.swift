// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Says what a client wants to be told of without asking (RFC 5465 §3.1).
package struct NotifyCommand: IMAPCommand {
    package static let name: StaticString = "NOTIFY"
    package static let traits: CommandTraits = .loggedOn

    /// `nil` for NONE.
    package var groups: [NotifyGroup]?
    /// Whether the counts of the mailboxes are to be told first.
    package var wantsStatus: Bool

    package init(_ groups: [NotifyGroup]?, wantsStatus: Bool = false) {
        self.groups = groups
        self.wantsStatus = wantsStatus
    }

    // notify = "NOTIFY" SP (notify-set / notify-none); notify-none = "NONE"
    // notify-set = "SET" [SP "STATUS"] SP event-groups    RFC 5465 §8
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        self.init(nil)
        try scanner.space()
        if scanner.acceptWord("NONE") { return }
        guard scanner.acceptWord("SET") else { throw scanner.failure("SET or NONE") }
        try scanner.space()
        wantsStatus = scanner.acceptWord("STATUS")
        if wantsStatus { try scanner.space() }
        groups = try scanner.notifyGroups()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        guard let groups else { return encoder.raw(" NONE") }
        encoder.raw(wantsStatus ? " SET STATUS" : " SET")
        for group in groups {
            encoder.space()
            encoder.notifyGroup(group)
        }
    }
}
