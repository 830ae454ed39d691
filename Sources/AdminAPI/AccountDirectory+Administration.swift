// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Directory
package import MailTypes
internal import SASL

extension AccountDirectory: DirectoryAdministration {
    package func domainRecords() async throws(AdminError) -> [DomainRecord] {
        try await translated { () throws(DirectoryError) in try await self.domains().map(DomainRecord.init) }
    }

    package func addDomainRecord(_ domain: Domain, aliasOf original: Domain?) async throws(AdminError) -> DomainRecord {
        try await translated { () throws(DirectoryError) in
            DomainRecord(try await self.addDomain(domain, aliasOf: original))
        }
    }

    package func removeDomainRecord(_ domain: Domain) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in try await self.removeDomain(domain) }
    }

    package func accountRecords(in domain: Domain?) async throws(AdminError) -> [AccountRecord] {
        try await translated { () throws(DirectoryError) in
            let forwards = try await self.forwards()
            return try await self.accounts(in: domain).map { AccountRecord($0, forwards[$0.id]) }
        }
    }

    package func accountRecord(_ address: MailboxAddress) async throws(AdminError) -> AccountRecord {
        try await translated { () throws(DirectoryError) in
            let account = try await self.account(address)
            return AccountRecord(account, try await self.forwards(of: account.id)[account.id])
        }
    }

    package func setForwardRecord(
        _ address: MailboxAddress,
        targets: [MailboxAddress],
        keepsCopy: Bool
    ) async throws(AdminError) -> AccountRecord {
        try await translated { () throws(DirectoryError) in
            try await self.setForward(address, AccountForward(targets: targets, keepsCopy: keepsCopy))
        }
        return try await accountRecord(address)
    }

    package func addAccountRecord(
        _ address: MailboxAddress,
        secret: AccountSecret?,
        _ change: AccountChange
    ) async throws(AdminError) -> AccountRecord {
        try await translated { () throws(DirectoryError) in
            var attributes = AccountAttributes()
            attributes.apply(change)
            let hash = try await self.hash(secret)
            let keys = await self.keys(of: secret)
            return AccountRecord(
                try await self.addAccount(address, password: hash, scram: keys, attributes: attributes)
            )
        }
    }

    package func changeAccountRecord(
        _ address: MailboxAddress,
        _ change: AccountChange
    ) async throws(AdminError) -> AccountRecord {
        try await translated { () throws(DirectoryError) in
            let account = try await self.setAccount(address) { $0.apply(change) }
            return AccountRecord(account, try await self.forwards(of: account.id)[account.id])
        }
    }

    package func setAccountSecret(_ address: MailboxAddress, _ secret: AccountSecret?) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in
            let hash = try await self.hash(secret)
            try await self.setPassword(address, hash, scram: await self.keys(of: secret))
        }
    }

    package func removeAccountRecord(_ address: MailboxAddress, keepsMail: Bool) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in
            _ = try await self.removeAccount(address, keepsMail: keepsMail)
        }
    }

    package func appPasswordRecords(of address: MailboxAddress) async throws(AdminError) -> [AppPasswordRecord] {
        try await translated { () throws(DirectoryError) in
            try await self.appPasswords(of: address).map { AppPasswordRecord($0) }
        }
    }

    package func addAppPasswordRecord(
        _ address: MailboxAddress,
        name: String,
        services: [String]
    ) async throws(AdminError) -> AppPasswordRecord {
        let known = services.compactMap(MailService.init(rawValue:))
        guard known.count == services.count else {
            throw AdminError(.invalid, "A service is imap, pop3 or submission.")
        }
        return try await translated { () throws(DirectoryError) in
            let made = try await self.addAppPassword(address, name: name, services: Set(known))
            return AppPasswordRecord(made.password, text: made.text)
        }
    }

    package func removeAppPasswordRecord(_ address: MailboxAddress, name: String) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in try await self.removeAppPassword(address, name: name) }
    }

    package func banRecords() async throws(AdminError) -> [BanRecord] {
        try await translated { () throws(DirectoryError) in
            try await self.bans().map { ban in
                BanRecord(
                    subject: ban.subject.description,
                    since: ban.since,
                    until: ban.until,
                    reason: ban.reason,
                    isByHand: ban.isByHand
                )
            }
        }
    }

    package func addBanRecord(_ subject: String, seconds: Int64, reason: String) async throws(AdminError) {
        let subject = try GuardSubject(checking: subject)
        try await translated { () throws(DirectoryError) in
            try await self.ban(subject, for: seconds, reason: reason)
        }
    }

    package func removeBanRecord(_ subject: String) async throws(AdminError) {
        let subject = try GuardSubject(checking: subject)
        try await translated { () throws(DirectoryError) in try await self.liftBan(subject) }
    }

    package func aliasRecords(in domain: Domain?) async throws(AdminError) -> [AliasRecord] {
        try await translated { () throws(DirectoryError) in try await self.aliases(in: domain).map(AliasRecord.init) }
    }

    package func addAliasRecord(
        _ address: MailboxAddress,
        targets: [MailboxAddress]
    ) async throws(AdminError) -> AliasRecord {
        try await translated { () throws(DirectoryError) in
            AliasRecord(try await self.addAlias(address, targets: targets))
        }
    }

    package func setAliasRecord(
        _ address: MailboxAddress,
        targets: [MailboxAddress]
    ) async throws(AdminError) -> AliasRecord {
        try await translated { () throws(DirectoryError) in
            AliasRecord(try await self.setAlias(address, targets: targets))
        }
    }

    package func removeAliasRecord(_ address: MailboxAddress) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in try await self.removeAlias(address) }
    }

    package func writeCopy(to path: String) async throws(AdminError) {
        try await translated { () throws(DirectoryError) in try await self.copy(to: path) }
    }

    private func hash(_ secret: AccountSecret?) async throws(DirectoryError) -> PasswordHash? {
        switch secret {
        case nil: return nil
        case .password(let password)?: return try await hash(password)
        case .hash(let text)?:
            guard let hash = PasswordHash(imported: text) else {
                throw DirectoryError(
                    .invalid,
                    "That is no password hash of crypt(5). It looks like $y$j9T$...$..., with $6$, $2b$ or another "
                        + "scheme in front, as in the second column of /etc/shadow."
                )
            }
            return hash
        }
    }

    /// A hash made elsewhere tells nothing that keys could be made of.
    private func keys(of secret: AccountSecret?) async -> SCRAMVerifiers {
        if case .password(let password) = secret { await verifiers(of: password) } else { .none }
    }

    func translated<R>(_ body: () async throws(DirectoryError) -> R) async throws(AdminError) -> R {
        do throws(DirectoryError) { return try await body() } catch { throw AdminError(error) }
    }
}

extension AdminError {
    package init(_ error: DirectoryError) {
        let code: Code =
            switch error.code {
            case .notFound: .notFound
            case .alreadyExists, .inUse: .conflict
            case .invalid: .invalid
            case .unavailable: .unavailable
            }
        self.init(code, error.description)
    }
}

extension AccountAttributes {
    fileprivate mutating func apply(_ change: AccountChange) {
        isEnabled = change.isEnabled ?? isEnabled
        for (claim, service) in [
            (change.imap, MailService.imap), (change.pop3, .pop3), (change.submission, .submission),
        ] {
            switch claim {
            case true?: services.insert(service)
            case false?: services.remove(service)
            case nil: break
            }
        }
        if let quota = change.quotaOctets { quotaOctets = quota.bound }
        if let quota = change.quotaMessages { quotaMessages = quota.bound }
        switch change.savesSent {
        case .set(let claim)?: savesSent = claim
        case .default?: savesSent = nil
        case nil: break
        }
    }
}

extension AccountChange.Quota {
    fileprivate var bound: Int64? {
        switch self {
        case .default: nil
        case .unlimited: 0
        case .limited(let bound): bound
        }
    }
}

extension DomainRecord {
    fileprivate init(_ domain: LocalDomain) { self.init(name: domain.name.text, aliasOf: domain.aliasOf?.text) }
}

extension AccountRecord {
    fileprivate init(_ account: Account, _ forward: AccountForward? = nil) {
        let attributes = account.attributes
        self.init(
            id: account.id.rawValue,
            address: account.address.description,
            isEnabled: attributes.isEnabled,
            hasPassword: account.password != nil,
            services: MailService.allCases.filter(attributes.services.contains).map(\.rawValue),
            quotaOctets: attributes.quotaOctets,
            quotaMessages: attributes.quotaMessages,
            homeServer: attributes.homeServer
        )
        savesSent = attributes.savesSent
        forwardsTo = forward?.targets.map(\.description) ?? []
        keepsCopy = forward?.keepsCopy ?? true
    }
}

extension GuardSubject {
    fileprivate init(checking text: String) throws(AdminError) {
        guard let subject = GuardSubject(text) else {
            throw AdminError(.invalid, "\(text) is neither an address of a client nor one of an account.")
        }
        self = subject
    }
}

extension AppPasswordRecord {
    fileprivate init(_ password: AppPassword, text: String? = nil) {
        self.init(
            name: password.name,
            services: MailService.allCases.filter(password.services.contains).map(\.rawValue),
            created: password.created,
            lastUsed: password.lastUsed,
            text: text
        )
    }
}

extension AliasRecord {
    fileprivate init(_ alias: Alias) {
        self.init(address: alias.address.description, targets: alias.targets.map(\.description))
    }
}
