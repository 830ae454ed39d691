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

/// Finds the accounts that an address stands for, and the addresses of other servers.
///
/// Runs on the database's thread.
struct AddressResolver {
    let database: Database
    let policy: ResolutionPolicy
    var scope = RecipientExpansion.Scope.all
    /// Groups that are not followed, with folded local parts.
    var closed: Set<MailboxAddress> = []

    func resolve(_ path: ForwardPath) throws -> Resolution {
        switch path {
        case .address(let address): try resolve(address)
        case .postmaster: try postmaster(of: policy.defaultDomain.flatMap { try database.domainID($0) })
        }
    }

    private func resolve(_ address: MailboxAddress) throws -> Resolution {
        guard let domain = try database.domainID(address.domain) else { return .notLocal }
        let folded = address.localPart.folded
        if let found = try database.addressID(folded, in: domain, policy) { return try expansion(of: found) }
        let isPostmaster = folded == "postmaster" || policy.baseOfDetail(folded) == "postmaster"
        if isPostmaster { return try postmaster(of: domain) }
        // What a domain does not have goes to `*`, if that is there.
        return try database.addressID(Self.catchAll, in: domain).map(expansion(of:)) ?? .unknown
    }

    /// The local part that stands for every one that its domain does not have.
    static let catchAll = "*"

    /// Mail to postmaster is always accepted (RFC 5321 §4.5.1): by whom the setting names, else by the first account of
    /// the domain, else by the first of all.
    private func postmaster(of domain: Int64?) throws -> Resolution {
        if let address = policy.postmaster, let domain = try database.domainID(address.domain),
            let found = try database.addressID(address.localPart.folded, in: domain)
        {
            return try expansion(of: found)
        }
        let first = try database.firstAccountAddress(in: domain) ?? database.firstAccountAddress(in: nil)
        return try first.map(expansion(of:)) ?? .unknown
    }

    private func expansion(of address: Int64) throws -> Resolution {
        var expansion = RecipientExpansion(database, policy, scope, closed: closed)
        try expansion.run(from: address)
        return expansion.resolution
    }
}

extension ResolutionPolicy {
    /// `user` of `user+detail` (RFC 5233 §4).
    func baseOfDetail(_ folded: String) -> String? {
        guard plusAddressing, let plus = folded.firstIndex(of: "+"), plus != folded.startIndex else { return nil }
        return String(folded[..<plus])
    }
}

extension Database {
    /// The number of an address, which may have a detail after a plus sign.
    func addressID(_ folded: String, in domain: Int64, _ policy: ResolutionPolicy) throws(SQLiteError) -> Int64? {
        if let found = try addressID(folded, in: domain) { return found }
        guard let base = policy.baseOfDetail(folded) else { return nil }
        return try addressID(base, in: domain)
    }
}
