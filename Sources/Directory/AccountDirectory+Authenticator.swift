// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
package import SASL
internal import Settings

extension AccountDirectory: Authenticator {
    package func authenticate(
        user: String,
        password: [UInt8],
        service: MailService,
        peer: String
    ) async -> AuthenticationOutcome {
        let attempt = LogOnAttempt(user: user, service: service, peer: peer)
        do throws(DirectoryError) {
            let account = try await account(loggingOnAs: user)
            if try await isAppPassword(password, of: account, for: service) {
                return conclude(attempt, account, isRight: true)
            }
            return await decide(attempt, password, on: account)
        } catch {
            reportUnavailable(error, user: user)
            return .unavailable
        }
    }

    /// What the proof is worth, whoever is banned.
    func decide(_ proof: SASLProof, from peer: SASLPeer) async -> SASLAnswer {
        switch proof {
        case .password(let user, let password):
            let outcome = await authenticate(
                user: user,
                password: password,
                service: peer.service,
                peer: peer.address
            )
            return .outcome(outcome)
        case .scramParameters(let user, let hash): return await scramParameters(user: user, hash: hash)
        case .scram(let proof): return await check(proof, from: peer)
        case .certificate(let user, let identities):
            return .outcome(await check(identities, wanting: user, from: peer, "not named by the certificate"))
        case .token(let user, let token): return .outcome(await check(token: token, wanting: user, from: peer))
        }
    }

    /// The account a client means: by its primary address, or by the local part alone when a default domain is set.
    func account(loggingOnAs user: String) async throws(DirectoryError) -> Account? {
        guard let address = address(loggingOnAs: user) else { return nil }
        let answer = try await answer(to: .account(address)) { .account(try $0.account(address)) }
        guard case .account(let account) = answer else { return nil }
        return account
    }

    /// The address a client means.
    func address(loggingOnAs user: String) -> MailboxAddress? {
        if let address = MailboxAddress(user) { return address }
        guard !user.utf8.contains(UInt8(ascii: "@")), let localPart = LocalPart(user),
            let domain = Domain(settings.current[DirectorySettings.defaultDomain])
        else { return nil }
        return MailboxAddress(localPart: localPart, domain: domain)
    }

    private func decide(
        _ attempt: LogOnAttempt,
        _ password: [UInt8],
        on account: Account?
    ) async -> AuthenticationOutcome {
        guard let isRight = await isRight(password, for: account) else {
            events.record(
                .hashingOverloaded,
                ["directory.user": .string(attempt.user), "net.peer": .string(attempt.peer)]
            )
            return .unavailable
        }
        if isRight, let account { await learnKeys(of: account, password) }
        return conclude(attempt, account, isRight: isRight)
    }

    /// What a proof that was right or wrong means for this account and service.
    func conclude(_ attempt: LogOnAttempt, _ account: Account?, isRight: Bool) -> AuthenticationOutcome {
        guard let account, isRight else {
            report(attempt, account == nil ? "unknown user" : "wrong password")
            return .invalidCredentials
        }
        guard account.mayUse(attempt.service) else {
            report(attempt, account.attributes.isEnabled ? "\(attempt.service.rawValue) is off" : "account is disabled")
            return .notPermitted
        }
        return .success(AuthenticatedUser(account: account.id, name: account.address))
    }

    /// `nil` when too many wait to have theirs checked.
    private func isRight(_ password: [UInt8], for account: Account?) async -> Bool? {
        let current = settings.current
        if let account, let hash = account.password, verified.contains(password, of: account.id, hash: hash) {
            return true
        }
        let limit = current[DirectorySettings.hashingQueue]
        guard let isRight = await hasher.verify(password, against: account?.password, limit: limit) else { return nil }
        if isRight, let account, let hash = account.password {
            let lifetime = current[DirectorySettings.verifiedLifetime]
            verified.insert(password, of: account.id, hash: hash, for: lifetime)
        }
        return isRight
    }

    func reportUnavailable(_ error: DirectoryError, user: String = "") {
        events.record(
            .directoryUnavailable,
            ["directory.user": .string(user), "error.description": .string(error.description)]
        )
    }

    func report(_ attempt: LogOnAttempt, _ reason: String) {
        events.record(
            .logOnFailed,
            [
                "directory.user": .string(attempt.user), "directory.service": .string(attempt.service.rawValue),
                "net.peer": .string(attempt.peer), "directory.reason": .string(reason),
            ]
        )
    }
}

/// Who tries to log on, for reports.
struct LogOnAttempt: Sendable {
    let user: String
    let service: MailService
    let peer: String
}
