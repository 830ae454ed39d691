// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import Runtime
package import SASL
internal import Settings

extension AccountDirectory {
    /// The mechanisms that can succeed now.
    ///
    /// SCRAM by `directory/scram`: a client that may choose takes it, and does not try another when it fails, so that
    /// `auto` waits until every account that logs on has keys.
    package func mechanisms() async -> [SASLMechanism] {
        let current = settings.current
        var hashes: [SCRAMHash] = current[DirectorySettings.offersSHA1] ? [.sha256, .sha1] : [.sha256]
        switch current[DirectorySettings.scram] {
        case .off: hashes = []
        case .on: break
        case .auto:
            let lacking = await accountsLackingKeys()
            hashes.removeAll { lacking.contains($0) }
        }
        let scram = hashes.flatMap { [SASLMechanism.scram($0, plus: true), .scram($0, plus: false)] }
        let bearer = tokens?.isConfigured == true ? [SASLMechanism.oauthBearer, .xoauth2] : []
        return [.external] + scram + SASLMechanism.passwords + bearer
    }

    /// The hashes for which an account with a password has no keys; all of them while the directory cannot be read.
    private func accountsLackingKeys() async -> Set<SCRAMHash> {
        do throws(DirectoryError) {
            let answer = try await answer(to: .keyCoverage) { database in
                .keyCoverage(
                    Set(
                        try SCRAMHash.allCases.filter { hash in
                            try database.first(
                                "SELECT 1 FROM accounts WHERE password IS NOT NULL AND \(hash.column) IS NULL LIMIT 1"
                            ) { $0.bool(0) } != nil
                        }
                    )
                )
            }
            if case .keyCoverage(let lacking) = answer { return lacking }
        } catch {
            reportUnavailable(error)
        }
        return Set(SCRAMHash.allCases)
    }

    // MARK: Exchange

    /// Salt and count of a user's keys; made up, and always the same, for a user who has none.
    func scramParameters(user: String, hash: SCRAMHash) async -> SASLAnswer {
        do throws(DirectoryError) {
            let verifier = try await verifier(of: user, try await account(loggingOnAs: user), hash).verifier
            return .scramParameters(salt: verifier.salt, iterations: verifier.iterations)
        } catch {
            reportUnavailable(error, user: user)
            return .outcome(.unavailable)
        }
    }

    /// Decides on a proof.
    func check(_ proof: SCRAMProof, from peer: SASLPeer) async -> SASLAnswer {
        let attempt = LogOnAttempt(user: proof.user, service: peer.service, peer: peer.address)
        do throws(DirectoryError) {
            let account = try await account(loggingOnAs: proof.user)
            let (verifier, isReal) = try await verifier(of: proof.user, account, proof.hash)
            let signature = verifier.signature(for: proof)
            let outcome = conclude(attempt, account, isRight: signature != nil && isReal)
            guard case .success(let user) = outcome, let signature else { return .outcome(outcome) }
            return .scram(user, signature: signature)
        } catch {
            reportUnavailable(error, user: proof.user)
            return .outcome(.unavailable)
        }
    }

    private func verifier(
        of user: String,
        _ account: Account?,
        _ hash: SCRAMHash
    ) async throws(DirectoryError) -> (verifier: SCRAMVerifier, isReal: Bool) {
        if let account, account.password != nil, let verifier = account.scram[hash] { return (verifier, true) }
        // One address, however it is written, has one made-up salt, as it would have one real one.
        let name = (address(loggingOnAs: user)).map { "\(MailboxAddress(folding: $0))" } ?? user
        return (SCRAMVerifier(decoyFor: name, hash, secret: try await decoySecret()), false)
    }

    /// Of this directory, for all processes and for ever: a made-up salt that changed would give itself away.
    private func decoySecret() async throws(DirectoryError) -> [UInt8] {
        let answer = try await answer(to: .decoySecret) { database in
            .decoySecret(try database.first("SELECT value FROM secrets WHERE name = 'scram'") { $0.text(0) } ?? "")
        }
        guard case .decoySecret(let text) = answer else { return [] }
        return Array(text.utf8)
    }

    // MARK: Making keys

    /// The keys that `directory/scram` asks for; slow on purpose, and not on the caller's thread.
    package func verifiers(of password: [UInt8]) async -> SCRAMVerifiers {
        let current = settings.current
        guard current[DirectorySettings.scram] != .off else { return .none }
        let makesSHA1 = current[DirectorySettings.offersSHA1]
        return await hasher.run {
            SCRAMVerifiers(
                sha256: SCRAMVerifier(.sha256, of: password),
                sha1: makesSHA1 ? SCRAMVerifier(.sha1, of: password) : nil
            )
        }
    }

    /// Makes the keys of an account whose password has just been right, when they are missing and
    /// `directory/learn-scram-keys` says so.
    ///
    /// An old DES hash does not tell a password from another with the same eight letters, so that nothing is learnt from
    /// it. A failure changes nothing: the next log-on tries again.
    func learnKeys(of account: Account, _ password: [UInt8]) async {
        let current = settings.current
        guard current[DirectorySettings.scram] != .off, current[DirectorySettings.learnsKeys],
            let hash = account.password, hash.text.hasPrefix("$"),
            account.scram.sha256 == nil || (account.scram.sha1 == nil && current[DirectorySettings.offersSHA1])
        else { return }
        let made = await verifiers(of: password)
        do throws(DirectoryError) {
            try await read { database in
                try database.run(
                    """
                    UPDATE accounts SET scram_sha256 = coalesce(scram_sha256, ?3), scram_sha1 = coalesce(scram_sha1, ?4)
                    WHERE id = ?1 AND password = ?2
                    """,
                    [
                        .integer(Int64(clamping: account.id.rawValue)), .text(hash.text),
                        SQLiteValue(made.sha256?.text), SQLiteValue(made.sha1?.text),
                    ]
                )
            }
            cache.clear()
        } catch {
            reportUnavailable(error, user: account.address.description)
        }
    }
}

extension SCRAMHash {
    var column: String { self == .sha1 ? "scram_sha1" : "scram_sha256" }
}
