// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// What an authorization server answers (RFC 7662 §2.2).
package struct IntrospectionAnswer: Sendable, Hashable {
    /// Who holds the token; `nil` when it is not active, not for this, or names nobody.
    package let holder: String?
    /// When the token ends, in seconds since 1970-01-01T00:00:00Z, if it was told.
    package let expiry: Int64?

    /// Reads the JSON of an answer; `nil` when it is none, or has no `active`.
    ///
    /// - Parameters:
    ///   - userClaim: the member that names the holder.
    ///   - scope: what must be among the token's scopes; empty for nothing.
    package init?(_ octets: [UInt8], userClaim: String, scope: String = "") {
        var limits = JSONLimits()
        limits.octets = Self.maximumOctets
        guard let value = try? JSONValue(parsing: octets, limits: limits), let isActive = value["active"]?.bool else {
            return nil
        }
        let scopes = value["scope"]?.string?.split(separator: " ").map(String.init) ?? []
        let user = value[userClaim]?.string ?? ""
        expiry = value["exp"]?.integer
        holder = isActive && !user.isEmpty && (scope.isEmpty || scopes.contains(scope)) ? user : nil
    }

    /// Octets of an answer: real ones have some hundreds.
    static let maximumOctets = 64 << 10
}
