// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
internal import MailTypes
internal import SASL

// Log-ons where somebody else has proved who the client is: the authorities behind a certificate, or the server that
// gave out a token.
extension AccountDirectory {
    /// Asks whose token it is, and finds that account.
    func check(token: String, wanting user: String, from peer: SASLPeer) async -> AuthenticationOutcome {
        guard let tokens, tokens.isConfigured else { return .unavailable }
        switch await tokens.holder(of: token) {
        case .holder(let name): return await check([name], wanting: user, from: peer, "not the token's user")
        case .invalid: return await check([], wanting: user, from: peer, "token is not valid")
        case .unavailable: return .unavailable
        }
    }

    /// Finds the account that somebody proved to be `identities` has: the first of them that is one, or the one that
    /// was asked for.
    func check(
        _ identities: [String],
        wanting user: String,
        from peer: SASLPeer,
        _ reason: String
    ) async -> AuthenticationOutcome {
        let shown = user.isEmpty ? identities.first ?? "" : user
        let attempt = LogOnAttempt(user: shown, service: peer.service, peer: peer.address)
        do throws(DirectoryError) {
            var wanted: Account?
            if !user.isEmpty { wanted = try await account(loggingOnAs: user) }
            for identity in identities {
                guard let account = try await account(loggingOnAs: identity) else { continue }
                guard user.isEmpty || account.id == wanted?.id else { continue }
                return conclude(attempt, account, isRight: true)
            }
            report(attempt, reason)
            return .invalidCredentials
        } catch {
            reportUnavailable(error, user: shown)
            return .unavailable
        }
    }
}
