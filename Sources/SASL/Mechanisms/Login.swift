// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// LOGIN: never a standard (draft-murchison-sasl-login), obsoleted by PLAIN, and still the only one some mail clients
/// and devices know.
///
/// ```
/// S: Username:
/// C: alice@example.test
/// S: Password:
/// C: secret
/// ```
/// A client may send the user name as its initial response, which leaves out the first challenge.
struct LoginServer: SASLServerMechanism {
    private enum State { case start, user, password(user: String), over }
    private var state = State.start

    mutating func next(_ message: [UInt8]?) -> SASLStep {
        switch (state, message) {
        case (.start, nil):
            state = .user
            return .challenge(Array("Username:".utf8))
        case (.start, let name?), (.user, let name?):
            guard let user = SASLCredentials.user(name) else { return fail(.badUserName) }
            state = .password(user: user)
            return .challenge(Array("Password:".utf8))
        case (.password(let user), let secret?):
            guard let password = SASLCredentials.password(secret) else { return fail(.badPassword) }
            state = .over
            return .verify(.password(user: user, password: password))
        case (.user, nil), (.password, nil), (.over, _):
            return fail(.outOfSequence)
        }
    }

    private mutating func fail(_ reason: SASLFailure.StaticReason) -> SASLStep {
        state = .over
        return .fail(.malformed(reason))
    }
}
