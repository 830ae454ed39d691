// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
package import Directory
internal import Settings

/// What this server wants of a token.
package struct IntrospectionRules: Sendable, Hashable {
    /// The member of the answer that names the holder.
    package var userClaim: String
    /// What must be among the token's scopes; empty for nothing.
    package var scope: String
    /// Whom the token must be meant for; empty for anybody.
    package var audience: String

    package init(userClaim: String, scope: String = "", audience: String = "") {
        self.userClaim = userClaim
        self.scope = scope
        self.audience = audience
    }

    init(_ settings: SettingsSnapshot) {
        self.init(
            userClaim: settings[TokenSettings.userClaim],
            scope: settings[TokenSettings.requiredScope],
            audience: settings[TokenSettings.requiredAudience]
        )
    }
}

/// What an authorization server answers (RFC 7662 §2.2).
package struct IntrospectionAnswer: Sendable, Hashable {
    /// Who holds the token; `nil` when it is not active, not for this, or names nobody.
    package let holder: String?
    /// When the token ends, in seconds since 1970-01-01T00:00:00Z, if it was told.
    package let expiry: Int64?

    /// Octets of an answer: real ones have some hundreds.
    static let maximumOctets = 64 << 10
    /// Octets of a holder: an address has at most 254, and a longer name is nobody's.
    private static let maximumHolderOctets = 256

    /// Reads the JSON of an answer; `nil` when it is none, or has no `active`.
    ///
    /// Any octets may be given.
    package init?(_ octets: [UInt8], _ rules: IntrospectionRules) {
        var limits = JSONLimits()
        limits.octets = Self.maximumOctets
        guard let value = try? JSONValue(parsing: octets, limits: limits), let isActive = value["active"]?.bool else {
            return nil
        }
        let user = value[rules.userClaim]?.string ?? ""
        expiry = value["exp"]?.integer
        let isOurs = isActive && Self.scopes(of: value, have: rules.scope) && Self.isMeant(value, for: rules.audience)
        holder = isOurs && (1...Self.maximumHolderOctets).contains(user.utf8.count) ? user : nil
    }

    package var verdict: TokenVerdict { holder.map(TokenVerdict.holder) ?? .invalid }

    // scope: a JSON string with a space-separated list
    private static func scopes(of value: JSONValue, have scope: String) -> Bool {
        guard !scope.isEmpty else { return true }
        return value["scope"]?.string?.split(separator: " ").contains { $0 == scope } ?? false
    }

    // aud: a string or a list of strings (RFC 7519 §4.1.3)
    private static func isMeant(_ value: JSONValue, for audience: String) -> Bool {
        guard !audience.isEmpty else { return true }
        let audiences = value["aud"].flatMap { $0.strings ?? $0.string.map { [$0] } } ?? []
        return audiences.contains(audience)
    }
}
