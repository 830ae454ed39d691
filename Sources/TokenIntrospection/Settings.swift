// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// Settings of log-ons with tokens.
package enum TokenSettings {
    package static let address = SettingKey(
        "oauth/introspection-url",
        default: "",
        allowed: "an https:// address, an http:// one of this machine, or empty",
        where: { $0.isEmpty || TokenSettings.isSafe($0) },
        help: "Where an authorization server says whose a token is (RFC 7662). While it is empty, OAUTHBEARER and "
            + "XOAUTH2 are not offered. Tokens and the password of oauth/client-id go there: over TLS, or to this "
            + "machine (http://localhost, 127.0.0.1 or [::1])."
    )
    package static let clientID = SettingKey(
        "oauth/client-id",
        default: "",
        help: "The name under which this server asks the authorization server; empty to ask without one."
    )
    package static let clientSecretFile = SettingKey(
        "oauth/client-secret-file",
        default: "",
        allowed: "an absolute path, or empty",
        where: { $0.isEmpty || $0.hasPrefix("/") },
        help: "File with the password of oauth/client-id in its first line; it is read for each question."
    )
    package static let userClaim = SettingKey(
        "oauth/user-claim",
        default: "username",
        allowed: "the name of a member of the answer",
        where: { !$0.isEmpty },
        help: "Which member of the authorization server's answer names the account: an address, or a local part of "
            + "directory/default-domain. Often username, email or sub."
    )
    package static let requiredScope = SettingKey(
        "oauth/required-scope",
        default: "",
        help: "A scope that a token must have for logging on; empty for none. Without this and "
            + "oauth/required-audience, a token that a user gave to any other service of the same authorization server "
            + "opens the mailbox."
    )
    package static let requiredAudience = SettingKey(
        "oauth/required-audience",
        default: "",
        help: "Whom a token must be meant for (aud), which is what the authorization server calls this server; empty "
            + "for anybody."
    )
    package static let authoritiesFile = SettingKey(
        "oauth/authorities-file",
        default: "",
        allowed: "an absolute path, or empty",
        where: { $0.isEmpty || $0.hasPrefix("/") },
        help: "PEM file with the authorities that vouch for the authorization server; empty for those of the system."
    )
    package static let timeout = SettingKey(
        "oauth/timeout",
        default: Duration.seconds(5),
        in: .milliseconds(100) ... .seconds(60),
        help: "How long the authorization server may take to answer; then log-ons are put off."
    )
    package static let cacheLifetime = SettingKey(
        "oauth/cache-lifetime",
        default: Duration.seconds(60),
        in: .zero ... .seconds(3600),
        help:
            "How long an answer is remembered (by a digest of the token, in memory), but never past the token's end. A "
            + "token that is revoked counts for so long. 0s remembers nothing."
    )

    /// Whether nobody on the way can read what is sent there; names and passwords have settings of their own.
    private static func isSafe(_ address: String) -> Bool {
        guard !address.contains("@"), address.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        if address.hasPrefix("https://") { return address.utf8.count > 8 }
        return ["http://localhost", "http://127.0.0.1", "http://[::1]"].contains { host in
            address == host || address.hasPrefix(host + "/") || address.hasPrefix(host + ":")
        }
    }
}

/// Every setting of this module.
package let tokenIntrospectionSettings: [SettingDeclaration] = [
    TokenSettings.address.declaration, TokenSettings.clientID.declaration, TokenSettings.clientSecretFile.declaration,
    TokenSettings.userClaim.declaration, TokenSettings.requiredScope.declaration,
    TokenSettings.requiredAudience.declaration,
    TokenSettings.authoritiesFile.declaration, TokenSettings.timeout.declaration,
    TokenSettings.cacheLifetime.declaration,
]
