// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// All mailboxes of an account at one moment, without their messages: two of them say what has happened in between.
package struct AccountOverview: Sendable {
    package struct Mailbox: Sendable {
        package var name: MailboxName
        package var status: MailboxStatus
        package var specialUse: Set<SpecialUse>
        /// What clients keep with it.
        package var annotations: Annotations

        package init(
            name: MailboxName,
            status: MailboxStatus,
            specialUse: Set<SpecialUse>,
            annotations: Annotations
        ) {
            self.name = name
            self.status = status
            self.specialUse = specialUse
            self.annotations = annotations
        }
    }

    package var mailboxes: [MailboxID: Mailbox]
    package var subscriptions: Set<MailboxName>
    /// What clients keep with the account.
    package var annotations: Annotations

    package init(
        mailboxes: [MailboxID: Mailbox] = [:],
        subscriptions: Set<MailboxName> = [],
        annotations: Annotations = [:]
    ) {
        self.mailboxes = mailboxes
        self.subscriptions = subscriptions
        self.annotations = annotations
    }
}

extension MailAccount {
    /// For an account that is asked mailbox by mailbox: what changes meanwhile may be in it or not.
    package func overview() async throws(MailStoreError) -> AccountOverview {
        var overview = AccountOverview(annotations: try await annotations(of: nil))
        for mailbox in try await mailboxes() {
            if mailbox.isSubscribed { overview.subscriptions.insert(mailbox.name) }
            guard let id = mailbox.id else { continue }
            overview.mailboxes[id] = AccountOverview.Mailbox(
                name: mailbox.name,
                status: try await status(of: mailbox.name),
                specialUse: mailbox.specialUse,
                annotations: try await annotations(of: mailbox.name)
            )
        }
        return overview
    }
}
