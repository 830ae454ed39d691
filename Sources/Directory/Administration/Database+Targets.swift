// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

// Where the mail of an address goes on to: the targets of aliases, the members of groups, the forwards of accounts.
extension Database {
    /// In the order given.
    func targets(of source: Int64) throws(SQLiteError) -> [MailboxAddress] {
        try all(
            """
            SELECT local_part, name, position FROM alias_targets JOIN addresses ON addresses.id = target
                JOIN domains ON domains.id = domain WHERE alias = ?1
            UNION ALL SELECT local_part, domain, position FROM remote_targets WHERE source = ?1 ORDER BY 3
            """,
            [.integer(source)]
        ) { MailboxAddress(stored: $0.text(0), domain: $0.text(1)) }.compactMap { $0 }
    }

    func removeTargets(of source: Int64) throws(SQLiteError) {
        try run("DELETE FROM alias_targets WHERE alias = ?1", [.integer(source)])
        try run("DELETE FROM remote_targets WHERE source = ?1", [.integer(source)])
    }

    /// - Parameters:
    ///   - address: that of `source`, for what is said.
    ///   - counts: how many there may be.
    func insertTargets(
        _ targets: [MailboxAddress],
        of source: Int64,
        _ address: MailboxAddress,
        _ counts: ClosedRange<Int>
    ) throws {
        guard counts.contains(targets.count) else {
            throw DirectoryError(
                .invalid,
                "\(address) stands for \(counts.lowerBound) to \(counts.upperBound) addresses, not \(targets.count)."
            )
        }
        for (position, target) in targets.enumerated() {
            try insertTarget(target, of: source, at: Int64(position))
        }
        guard try AliasExpansion.chainLength(through: source, in: self) <= AliasExpansion.maximumDepth else {
            throw DirectoryError(
                .invalid,
                "With these targets \(address) would lead back to itself, or through more than "
                    + "\(AliasExpansion.maximumDepth) aliases, groups or forwards. Name the accounts instead."
            )
        }
    }

    /// A target named twice is one target.
    private func insertTarget(_ target: MailboxAddress, of source: Int64, at position: Int64) throws {
        let domain = try domainID(target.domain)
        let folded = target.localPart.folded
        if let domain, let id = try addressID(folded, in: domain) {
            return try run(
                "INSERT OR IGNORE INTO alias_targets (alias, position, target) VALUES (?1, ?2, ?3)",
                [.integer(source), .integer(position), .integer(id)]
            )
        }
        // With a detail it is looked up each time; the address before the plus sign must be there.
        if let domain {
            guard let plus = folded.firstIndex(of: "+"), plus != folded.startIndex,
                try addressID(String(folded[..<plus]), in: domain) != nil
            else { throw DirectoryError.noTarget(target) }
        }
        try run(
            "INSERT OR IGNORE INTO remote_targets (source, position, local_part, domain) VALUES (?1, ?2, ?3, ?4)",
            [.integer(source), .integer(position), .text(target.localPart.text), .text(target.domain.text)]
        )
    }
}
