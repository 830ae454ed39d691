// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import MailTypes
package import SASL
internal import Settings

extension AccountDirectory {
    /// Decides, unless the address or the account is banned; counts what comes of it.
    package func answer(_ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer {
        let logOn = await logOn(proof, from: peer)
        return await guardian.inTurn(logOn) { await answer(proof, logOn, from: peer) }
    }

    private func answer(_ proof: SASLProof, _ logOn: GuardedLogOn, from peer: SASLPeer) async -> SASLAnswer {
        let bansMade = guardian.bansMade
        if let refusal = await refusal(of: logOn, proof, from: peer) { return refusal }
        let answer = await decide(proof, from: peer)
        switch answer {
        case .outcome(.invalidCredentials): await guardian.failed(logOn)
        case .outcome(.success(let user)), .scram(let user, _):
            // Guesses that were under way when the ban came are to tell no more than later ones, and whoever had not
            // said who he is is known only now.
            if bansMade != guardian.bansMade || logOn.account == nil {
                let known = GuardedLogOn(
                    account: .account("\(MailboxAddress(folding: user.name))"),
                    number: user.account,
                    isGuess: logOn.isGuess,
                    peer: peer.address
                )
                if let refusal = await refusal(of: known, proof, from: peer) { return refusal }
            }
            await guardian.succeeded(user.account, from: peer.address)
        case .outcome, .scramParameters: break
        }
        return answer
    }

    private func refusal(of logOn: GuardedLogOn, _ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer? {
        guard let ban = await guardian.refusal(of: logOn) else { return nil }
        if guardian.isToBeTold(ban) {
            let attempt = LogOnAttempt(user: proof.user, service: peer.service, peer: peer.address)
            report(attempt, "\(ban.subject) is banned")
        }
        return .outcome(.unavailable)
    }

    /// Whose account is tried.
    private func logOn(_ proof: SASLProof, from peer: SASLPeer) async -> GuardedLogOn {
        let account = try? await account(loggingOnAs: proof.user)
        // What is no address is no account's, and nobody's to ban.
        let address = account?.address ?? address(loggingOnAs: proof.user)
        return GuardedLogOn(
            account: address.map { GuardSubject.account("\(MailboxAddress(folding: $0))") },
            number: account?.id,
            isGuess: proof.isGuess,
            peer: peer.address
        )
    }

    // MARK: Pace

    /// Notes a log-on, unless the last one noted is less than `seconds` ago, in whatever process; true when the record
    /// cannot be used.
    package func admitLogOn(of account: AccountID, every seconds: Int64) async -> Bool {
        await guardian.admit(account, every: seconds)
    }

    /// Forgets the log-on that was noted last.
    package func withdrawLogOn(of account: AccountID) async { await guardian.withdraw(account) }

    // MARK: Administration

    /// Addresses and accounts that may not log on now, the newest first, at most 10,000.
    ///
    /// Throws `.unavailable` when the record of failed log-ons cannot be used, as do the others.
    package func bans() async throws(DirectoryError) -> [LogOnBan] {
        guard let bans = await guardian.bans() else { throw .noGuard }
        return bans
    }

    /// Bans somebody at once, from wherever he may have logged on before.
    ///
    /// An account may be named in an alias domain, too; the ban is of its primary address. Throws `.notFound` when
    /// there is no such account, and `.invalid` for a network that is never banned: nothing would come of it.
    package func ban(_ subject: GuardSubject, for seconds: Int64, reason: String) async throws(DirectoryError) {
        let subject = try await banned(subject)
        guard await guardian.ban(subject, for: seconds, reason: reason) else { throw .noGuard }
    }

    private func banned(_ subject: GuardSubject) async throws(DirectoryError) -> GuardSubject {
        switch subject {
        case .account(let name):
            if let account = try await account(loggingOnAs: name) { return GuardSubject(account) }
            throw DirectoryError(
                .notFound,
                "\(name) is not the primary address of an account, by which its user logs on. See: martlet account list"
            )
        case .network(let name):
            guard let address = name.split(separator: "/").first,
                !GuardPolicy(settings.current).trusts(String(address))
            else {
                throw DirectoryError(
                    .invalid,
                    "\(name) is within directory/trusted-networks, where no ban holds. See: martlet settings show"
                )
            }
            return subject
        }
    }

    /// Lifts a ban, and forgets the failures of whom it was; throws `.notFound` when there is none.
    ///
    /// Users who do not exist are banned, too, when somebody tries to log on as them.
    package func liftBan(_ subject: GuardSubject) async throws(DirectoryError) {
        var subject = subject
        if case .account(let name) = subject, let account = try await account(loggingOnAs: name) {
            subject = GuardSubject(account)
        }
        guard let wasThere = await guardian.lift(subject) else { throw .noGuard }
        guard wasThere else {
            throw DirectoryError(.notFound, "\(subject) is not banned. See: martlet auth bans list")
        }
    }
}

extension GuardSubject {
    fileprivate init(_ account: Account) { self = .account("\(MailboxAddress(folding: account.address))") }
}

extension SASLProof {
    /// A password is behind it, which somebody may come upon by trying.
    fileprivate var isGuess: Bool {
        switch self {
        case .password, .scramParameters, .scram: true
        case .certificate, .token: false
        }
    }
}

extension DirectoryError {
    fileprivate static let noGuard = DirectoryError(
        .unavailable,
        "The record of failed log-ons cannot be used. Look for event 9200, and check that the data folder is writable."
    )
}
