// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes

/// A log-on as the guard sees it.
struct GuardedLogOn: Sendable {
    /// Whose; `nil` while a certificate or token is yet to say that.
    let account: GuardSubject?
    /// `nil` for users who do not exist.
    let number: AccountID?
    /// What proves it is a password, which can be guessed; not a certificate or a token.
    let isGuess: Bool
    /// Address of the client, numeric.
    let peer: String
}
