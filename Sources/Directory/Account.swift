// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes
package import SASL
internal import Settings

/// Who has a mailbox here.
package struct Account: Sendable, Hashable {
    package let id: AccountID
    /// The primary address, spelled as it was when the account was added.
    package let address: MailboxAddress
    /// What can be changed, as it is now.
    package var attributes: AccountAttributes
    /// How the password is kept; `nil` when nobody can log on.
    package let password: PasswordHash?
    /// How SCRAM checks the same password.
    package let scram: SCRAMVerifiers
    /// Seconds since 1970-01-01T00:00:00Z.
    package let created: Int64

    /// Whether the account may log on to `service`.
    package func mayUse(_ service: MailService) -> Bool {
        attributes.isEnabled && attributes.services.contains(service)
    }
}

/// What an administrator sets on an account, apart from its password.
package struct AccountAttributes: Sendable, Hashable {
    /// A disabled account neither logs on nor receives mail; what it has stays.
    package var isEnabled: Bool
    /// Protocols the account may log on to.
    package var services: Set<MailService>
    /// Bound on stored octets; 0 for none, `nil` for the server's default.
    package var quotaOctets: Int64?
    /// Bound on stored messages; 0 for none, `nil` for the server's default.
    package var quotaMessages: Int64?
    /// Whether mail that is submitted with it is filed in its mailbox of sent mail; `nil` for the server's default.
    package var savesSent: Bool?
    /// The back-end that holds the mail, in a farm; `nil` on a machine of its own.
    package var homeServer: String?

    package init(
        isEnabled: Bool = true,
        services: Set<MailService> = Set(MailService.allCases),
        quotaOctets: Int64? = nil,
        quotaMessages: Int64? = nil,
        savesSent: Bool? = nil,
        homeServer: String? = nil
    ) {
        self.isEnabled = isEnabled
        self.services = services
        self.quotaOctets = quotaOctets
        self.quotaMessages = quotaMessages
        self.savesSent = savesSent
        self.homeServer = homeServer
    }
}

/// What an account may store; `nil` for no bound.
package struct AccountQuota: Sendable, Hashable {
    package var octets: UInt64?
    package var messages: UInt64?

    /// What is set on the account (as in `AccountAttributes`), else what the settings say.
    init(octets: Int64?, messages: Int64?, _ settings: SettingsSnapshot) {
        func bound(_ own: Int64?, _ fallback: Int64) -> UInt64? {
            let bound = own ?? fallback
            return bound > 0 ? UInt64(bound) : nil
        }
        self.octets = bound(octets, settings[DirectorySettings.quotaOctets].octets)
        self.messages = bound(messages, Int64(settings[DirectorySettings.quotaMessages]))
    }
}

/// The bounds that were set on one account, as in `AccountAttributes`.
struct StoredQuota: Sendable, Hashable {
    var octets: Int64?
    var messages: Int64?
}

/// What is set for one account's mailbox of sent mail.
struct StoredSentCopies: Sendable, Hashable {
    /// The primary address.
    var address: MailboxAddress
    /// As in `AccountAttributes`.
    var savesSent: Bool?
}

/// An account that is no longer in the directory, and whose mail is to be removed.
package struct RemovedAccount: Sendable, Hashable {
    package var account: AccountID
    /// Seconds since 1970-01-01T00:00:00Z.
    package var removed: Int64
}

/// A domain whose mail is received here.
package struct LocalDomain: Sendable, Hashable {
    package let name: Domain
    /// The domain whose addresses this one also has, if it has none of its own.
    package let aliasOf: Domain?
    /// Seconds since 1970-01-01T00:00:00Z.
    package let created: Int64
}

/// An address that stands for others.
package struct Alias: Sendable, Hashable {
    package let address: MailboxAddress
    /// Accounts, aliases and groups of this server, and addresses of others, in the order given.
    package let targets: [MailboxAddress]
    /// Seconds since 1970-01-01T00:00:00Z.
    package let created: Int64
}

/// An account that mail to an address goes to.
package struct LocalRecipient: Sendable, Hashable {
    package let account: AccountID
    /// The account's primary address.
    package let address: MailboxAddress

    package init(account: AccountID, address: MailboxAddress) {
        self.account = account
        self.address = address
    }
}

/// What an address means to this server.
package enum Resolution: Sendable, Hashable {
    /// At least one account; each is there once.
    case accounts([LocalRecipient])
    /// More than accounts under the message's own sender: a group, or mail goes on to other servers.
    case expanded(Expansion)
    /// The domain is local and has no such address (`550 5.1.1`).
    case unknown
    /// The address is that of disabled accounts only (`550 5.2.1`).
    case disabled
    /// The domain is none of this server's.
    case notLocal
    /// The directory cannot tell now (`451 4.3.0`).
    case temporary
}
