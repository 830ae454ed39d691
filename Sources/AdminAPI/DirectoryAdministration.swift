// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
package import MailTypes

/// A domain whose mail is received here.
package struct DomainRecord: Sendable, Equatable {
    package var name: String
    /// The domain whose addresses this one has too.
    package var aliasOf: String?

    package init(name: String, aliasOf: String? = nil) {
        self.name = name
        self.aliasOf = aliasOf
    }

    package var json: JSONValue { ["name": .string(name), "aliasOf": .optional(aliasOf)] }
}

/// An account, without its password.
package struct AccountRecord: Sendable, Equatable {
    package var id: UInt64
    package var address: String
    package var isEnabled: Bool
    package var hasPassword: Bool
    /// `imap`, `pop3`, `submission`: what it may log on to.
    package var services: [String]
    /// 0 for no bound, `nil` for the server's default; so the number of messages.
    package var quotaOctets: Int64?
    package var quotaMessages: Int64?
    /// Whether sent mail is filed; `nil` for the server's default.
    package var savesSent: Bool?
    package var homeServer: String?
    /// Where its mail goes on to.
    package var forwardsTo: [String] = []
    /// Whether it has that mail, too.
    package var keepsCopy = true

    package init(
        id: UInt64,
        address: String,
        isEnabled: Bool = true,
        hasPassword: Bool = true,
        services: [String],
        quotaOctets: Int64? = nil,
        quotaMessages: Int64? = nil,
        homeServer: String? = nil
    ) {
        self.id = id
        self.address = address
        self.isEnabled = isEnabled
        self.hasPassword = hasPassword
        self.services = services
        self.quotaOctets = quotaOctets
        self.quotaMessages = quotaMessages
        self.homeServer = homeServer
    }

    package var json: JSONValue {
        [
            "address": .string(address), "id": .optional(id), "enabled": .bool(isEnabled),
            "hasPassword": .bool(hasPassword), "services": .strings(services), "quota": .optional(quotaOctets),
            "quotaMessages": .optional(quotaMessages), "saveSent": savesSent.map { .bool($0) } ?? .null,
            "homeServer": .optional(homeServer),
            "forwardsTo": .strings(forwardsTo), "keepsCopy": .bool(keepsCopy),
        ]
    }
}

/// What is to be changed on an account; `nil` leaves a thing as it is.
package struct AccountChange: Sendable, Equatable {
    /// A bound, none, or what the server's settings say.
    package enum Quota: Sendable, Equatable {
        case `default`
        case unlimited
        case limited(Int64)
    }

    /// Yes, no, or what the server's settings say.
    package enum Claim: Sendable, Equatable {
        case `default`
        case set(Bool)
    }

    package var isEnabled: Bool?
    package var imap: Bool?
    package var pop3: Bool?
    package var submission: Bool?
    package var quotaOctets: Quota?
    package var quotaMessages: Quota?
    package var savesSent: Claim?

    package init() {}
}

/// What an account is to be logged on to with.
package enum AccountSecret: Sendable, Equatable {
    case password([UInt8])
    /// Taken over from another system: a hash that crypt(3) reads, as in /etc/shadow.
    case hash(String)
}

package struct AliasRecord: Sendable, Equatable {
    package var address: String
    package var targets: [String]

    package init(address: String, targets: [String]) {
        self.address = address
        self.targets = targets
    }

    package var json: JSONValue { ["address": .string(address), "targets": .strings(targets)] }
}

/// An address whose mail goes to each of its members.
package struct GroupRecord: Sendable, Equatable {
    package var address: String
    package var members: [String]
    /// The envelope sender of what the group passes on.
    package var owner: String?
    /// `anyone`, or of `users`, `members`, addresses and domains.
    package var senders: [String]

    package init(address: String, members: [String], owner: String? = nil, senders: [String] = ["anyone"]) {
        self.address = address
        self.members = members
        self.owner = owner
        self.senders = senders
    }

    package var json: JSONValue {
        [
            "address": .string(address), "members": .strings(members), "owner": .optional(owner),
            "senders": .strings(senders),
        ]
    }
}

/// What is to be changed on a group; `nil` leaves a thing as it is.
package struct GroupRecordChange: Sendable, Equatable {
    /// `.some(nil)`: none any more.
    package var owner: MailboxAddress??
    package var senders: [String]?
    package var members: [MailboxAddress]?
    package var added: [MailboxAddress] = []
    package var removed: [MailboxAddress] = []

    package init() {}
}

/// What the admin API asks of the directory.
package protocol DirectoryAdministration: Sendable {
    func domainRecords() async throws(AdminError) -> [DomainRecord]
    func addDomainRecord(_ domain: Domain, aliasOf original: Domain?) async throws(AdminError) -> DomainRecord
    func removeDomainRecord(_ domain: Domain) async throws(AdminError)

    /// Those of one domain, or all.
    func accountRecords(in domain: Domain?) async throws(AdminError) -> [AccountRecord]
    func accountRecord(_ address: MailboxAddress) async throws(AdminError) -> AccountRecord
    /// Without a secret nobody can log on to it.
    func addAccountRecord(
        _ address: MailboxAddress,
        secret: AccountSecret?,
        _ change: AccountChange
    ) async throws(AdminError) -> AccountRecord
    func changeAccountRecord(_ address: MailboxAddress, _ change: AccountChange) async throws(AdminError)
        -> AccountRecord
    /// With `nil`, nobody can log on any more.
    func setAccountSecret(_ address: MailboxAddress, _ secret: AccountSecret?) async throws(AdminError)
    /// With `keepsMail`, what the account has stored stays.
    func removeAccountRecord(_ address: MailboxAddress, keepsMail: Bool) async throws(AdminError)

    /// Has mail go on to other addresses; without any it stays.
    func setForwardRecord(
        _ address: MailboxAddress,
        targets: [MailboxAddress],
        keepsCopy: Bool
    ) async throws(AdminError) -> AccountRecord

    func aliasRecords(in domain: Domain?) async throws(AdminError) -> [AliasRecord]
    func addAliasRecord(_ address: MailboxAddress, targets: [MailboxAddress]) async throws(AdminError) -> AliasRecord
    func setAliasRecord(_ address: MailboxAddress, targets: [MailboxAddress]) async throws(AdminError) -> AliasRecord
    func removeAliasRecord(_ address: MailboxAddress) async throws(AdminError)

    func groupRecords(in domain: Domain?) async throws(AdminError) -> [GroupRecord]
    func groupRecord(_ address: MailboxAddress) async throws(AdminError) -> GroupRecord
    /// With members in the change.
    func addGroupRecord(_ address: MailboxAddress, _ change: GroupRecordChange) async throws(AdminError) -> GroupRecord
    func changeGroupRecord(_ address: MailboxAddress, _ change: GroupRecordChange) async throws(AdminError)
        -> GroupRecord
    func removeGroupRecord(_ address: MailboxAddress) async throws(AdminError)

    func appPasswordRecords(of address: MailboxAddress) async throws(AdminError) -> [AppPasswordRecord]
    /// The record has the text, which is told nowhere again.
    func addAppPasswordRecord(
        _ address: MailboxAddress,
        name: String,
        services: [String]
    ) async throws(AdminError) -> AppPasswordRecord
    func removeAppPasswordRecord(_ address: MailboxAddress, name: String) async throws(AdminError)

    /// Those in force, the newest first.
    func banRecords() async throws(AdminError) -> [BanRecord]
    /// `subject` is an address of a client, or of an account.
    func addBanRecord(_ subject: String, seconds: Int64, reason: String) async throws(AdminError)
    func removeBanRecord(_ subject: String) async throws(AdminError)

    /// Writes the whole directory, as it is at one moment, into a new file.
    func writeCopy(to path: String) async throws(AdminError)
}
