// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import SASL

// What both the administrator's verbs and the look-ups ask of the tables.
extension Database {
    /// The number of a local domain; for an alias of a domain, that domain's.
    func domainID(_ domain: Domain) throws(SQLiteError) -> Int64? {
        try first("SELECT coalesce(alias_of, id) FROM domains WHERE name = ?1", [.text(domain.text)]) { $0.integer(0) }
    }

    func addressID(_ folded: String, in domain: Int64) throws(SQLiteError) -> Int64? {
        try first(
            "SELECT id FROM addresses WHERE domain = ?1 AND folded = ?2",
            [.integer(domain), .text(folded)]
        ) { $0.integer(0) }
    }

    /// The address of the account that was added first, to one domain or to all.
    func firstAccountAddress(in domain: Int64?) throws(SQLiteError) -> Int64? {
        try first(
            "SELECT id FROM addresses WHERE account IS NOT NULL AND (?1 IS NULL OR domain = ?1) ORDER BY account LIMIT 1",
            [SQLiteValue(domain)]
        ) { $0.integer(0) }
    }

    /// The account whose primary address this is.
    func account(_ address: MailboxAddress) throws(SQLiteError) -> Account? {
        guard let domain = try domainID(address.domain) else { return nil }
        return try accounts(
            where: "addresses.domain = ?1 AND folded = ?2",
            [.integer(domain), .text(address.localPart.folded)]
        ).first
    }

    /// Accounts in the order of their domains and addresses.
    func accounts(where condition: String, _ values: [SQLiteValue]) throws(SQLiteError) -> [Account] {
        try all(
            """
            SELECT accounts.id, local_part, name, enabled, imap, pop3, submission, password, quota_octets,
                quota_messages, home_server, accounts.created, save_sent, scram_sha256, scram_sha1
            FROM accounts JOIN addresses ON addresses.account = accounts.id JOIN domains ON domains.id = addresses.domain
            WHERE \(condition) ORDER BY name, folded
            """,
            values,
            Account.init(row:)
        ).compactMap { $0 }
    }
}

extension Account {
    /// Reads the columns of `Database.accounts(where:_:)`.
    fileprivate init?(row: borrowing PreparedStatement) {
        guard let address = MailboxAddress(stored: row.text(1), domain: row.text(2)) else { return nil }
        id = AccountID(UInt64(clamping: row.integer(0)))
        self.address = address
        attributes = AccountAttributes(
            isEnabled: row.bool(3),
            services: [],
            quotaOctets: row.optionalInteger(8),
            quotaMessages: row.optionalInteger(9),
            savesSent: row.optionalInteger(12).map { $0 != 0 },
            homeServer: row.optionalText(10)
        )
        if row.bool(4) { attributes.services.insert(.imap) }
        if row.bool(5) { attributes.services.insert(.pop3) }
        if row.bool(6) { attributes.services.insert(.submission) }
        password = row.optionalText(7).map(PasswordHash.init(stored:))
        created = row.integer(11)
        scram = SCRAMVerifiers(
            sha256: row.optionalText(13).flatMap(SCRAMVerifier.init(_:)),
            sha1: row.optionalText(14).flatMap(SCRAMVerifier.init(_:))
        )
    }
}

extension MailboxAddress {
    /// From its two columns, the local part unquoted.
    init?(stored localPart: String, domain: String) {
        guard let localPart = LocalPart(localPart), let domain = Domain(domain) else { return nil }
        self.init(localPart: localPart, domain: domain)
    }
}
