// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
package import SASL

extension AccountDirectory {
    /// Decides, unless the address or the account is banned; counts what comes of it.
    package func answer(_ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer {
        let (account, number) = await subject(of: proof)
        if let ban = await guardian.refusal(of: account, number, from: peer.address) {
            let attempt = LogOnAttempt(user: proof.user, service: peer.service, peer: peer.address)
            report(attempt, "\(ban.subject) is banned")
            return .outcome(.unavailable)
        }
        let answer = await decide(proof, from: peer)
        switch answer {
        case .outcome(.invalidCredentials): await guardian.failed(account, from: peer.address)
        case .outcome(.success(let user)), .scram(let user, _):
            await guardian.succeeded(user.account, from: peer.address)
        case .outcome, .scramParameters: break
        }
        return answer
    }

    /// The account that is tried; none where a certificate or token is to say whose it is.
    private func subject(of proof: SASLProof) async -> (GuardSubject?, AccountID?) {
        guard !proof.user.isEmpty else { return (nil, nil) }
        guard let account = try? await account(loggingOnAs: proof.user) else {
            let address = address(loggingOnAs: proof.user).map { "\(MailboxAddress(folding: $0))" }
            return (.account(address ?? proof.user), nil)
        }
        return (.account("\(MailboxAddress(folding: account.address))"), account.id)
    }

    // MARK: Administration

    /// Addresses and accounts that may not log on now, the oldest first.
    package func bans() async throws(DirectoryError) -> [LogOnBan] {
        guard let bans = await guardian.bans() else { throw .noGuard }
        return bans
    }

    package func ban(_ subject: GuardSubject, for seconds: Int64, reason: String) async throws(DirectoryError) {
        guard await guardian.ban(subject, for: seconds, reason: reason) else { throw .noGuard }
    }

    package func liftBan(_ subject: GuardSubject) async throws(DirectoryError) {
        guard let wasThere = await guardian.lift(subject) else { throw .noGuard }
        guard wasThere else {
            throw DirectoryError(.notFound, "\(subject) is not banned. See: martlet auth bans list")
        }
    }
}

extension DirectoryError {
    fileprivate static let noGuard = DirectoryError(
        .unavailable,
        "The record of failed log-ons cannot be used. Look for event 9200, and check that the data folder is writable."
    )
}
