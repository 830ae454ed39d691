// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Knows whose a token is: an authorization server, asked by whoever composition supplies.
package protocol TokenAuthority: Sendable {
    /// Whether there is anybody to ask; mechanisms with tokens are not offered otherwise.
    var isConfigured: Bool { get }

    /// Whose token this is; waits a bounded time.
    func holder(of token: String) async -> TokenVerdict
}

/// What an authorization server said of a token.
package enum TokenVerdict: Sendable, Hashable {
    /// Valid, and of this user: an address, or what stands for it at log-ons.
    case holder(String)
    /// Unknown, expired, revoked, or for something else.
    case invalid
    /// Nobody could tell.
    case unavailable
}
