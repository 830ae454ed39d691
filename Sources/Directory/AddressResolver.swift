// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Settings

/// The settings that decide what an address means.
struct ResolutionPolicy: Hashable, Sendable {
    var plusAddressing: Bool
    var postmaster: MailboxAddress?
    var defaultDomain: Domain?

    init(_ settings: SettingsSnapshot) {
        plusAddressing = settings[DirectorySettings.plusAddressing]
        postmaster = MailboxAddress(settings[DirectorySettings.postmaster])
        defaultDomain = Domain(settings[DirectorySettings.defaultDomain])
    }
}

/// Finds the accounts that an address stands for.
///
/// Runs on the database's thread.
struct AddressResolver {
    let database: Database
    let policy: ResolutionPolicy

    func resolve(_ path: ForwardPath) throws -> Resolution {
        switch path {
        case .address(let address): try resolve(address)
        case .postmaster: try postmaster(of: policy.defaultDomain.flatMap { try database.domainID($0) })
        }
    }

    private func resolve(_ address: MailboxAddress) throws -> Resolution {
        guard let domain = try database.domainID(address.domain) else { return .notLocal }
        let folded = address.localPart.folded
        for candidate in [folded, baseOfDetail(folded)].compactMap({ $0 }) {
            if let found = try database.addressID(candidate, in: domain) { return try accounts(for: found) }
        }
        let isPostmaster = folded == "postmaster" || baseOfDetail(folded) == "postmaster"
        return isPostmaster ? try postmaster(of: domain) : .unknown
    }

    /// `user` of `user+detail` (RFC 5233 §4).
    private func baseOfDetail(_ folded: String) -> String? {
        guard policy.plusAddressing, let plus = folded.firstIndex(of: "+"), plus != folded.startIndex else {
            return nil
        }
        return String(folded[..<plus])
    }

    /// Mail to postmaster is always accepted (RFC 5321 §4.5.1): by whom the setting names, else by the first account of
    /// the domain, else by the first of all.
    private func postmaster(of domain: Int64?) throws -> Resolution {
        if let address = policy.postmaster, let domain = try database.domainID(address.domain),
            let found = try database.addressID(address.localPart.folded, in: domain)
        {
            return try accounts(for: found)
        }
        let first = try database.firstAccountAddress(in: domain) ?? database.firstAccountAddress(in: nil)
        return try first.map(accounts(for:)) ?? .unknown
    }

    private func accounts(for address: Int64) throws -> Resolution {
        let reached = try AliasExpansion.accounts(for: address, in: database)
        guard reached.count <= AliasExpansion.maximumAccounts else { throw AliasExpansion.TooLarge() }
        let enabled = reached.filter(\.isEnabled).map(\.recipient)
        guard enabled.isEmpty else { return .accounts(enabled) }
        return reached.isEmpty ? .unknown : .disabled
    }
}
