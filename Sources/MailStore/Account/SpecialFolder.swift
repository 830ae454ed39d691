// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import MailTypes

/// A folder that a new account gets, as `store/special-folders` names it: `NAME=USE`, or `NAME` alone.
struct SpecialFolder: Sendable, Hashable {
    let name: MailboxName
    let uses: Set<SpecialUse>

    /// `nil` when the name is none that a mailbox beside INBOX can have, or the use is not known (RFC 6154 §2).
    init?(_ text: String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = MailboxName(parts[0]), !name.isInbox, name.parent == nil else { return nil }
        self.name = name
        guard parts.count == 2 else {
            uses = []
            return
        }
        let attribute = "\\" + parts[1]
        let known = SpecialUse.allCases.first { ASCII.equalIgnoringCase($0.rawValue.utf8, attribute.utf8) }
        guard let known else { return nil }
        uses = [known]
    }
}
