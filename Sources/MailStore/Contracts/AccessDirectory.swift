// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Whom an identifier of SETACL stands for.
package enum AccessLookup: Sendable, Hashable {
    case found(AccessIdentifier)
    /// No user and no group of this server.
    case unknown
    /// Nothing that could be one (RFC 4314 §3).
    case invalid
}

/// What a change of rights asks the directory.
///
/// Composition supplies it. Every method throws `.unavailable` when the directory cannot tell now.
package protocol AccessDirectory: Sendable {
    /// An identifier in the one form in which it is kept.
    func identifier(_ text: String) async throws(MailStoreError) -> AccessLookup

    /// Whether a holder (`AccessIdentifier.holder`) is the user of an account.
    func isUser(_ holder: String, of account: AccountID) async throws(MailStoreError) -> Bool

    /// Remembers, or with `shares` false forgets, that a holder has rights to a mailbox of `owner`.
    func note(_ holder: String, of owner: AccountID, shares: Bool) async throws(MailStoreError)
}

/// Why rights are not changed.
package enum AccessRefusal: Error, Sendable {
    /// No user and no group of this server.
    case unknownIdentifier
    /// Nothing that could be an identifier.
    case invalidIdentifier
    /// An owner always has all rights (RFC 4314 §2).
    case owner
    /// The store or the directory cannot do it.
    case store(MailStoreError)
}

extension AccessDirectory {
    /// The identifier that somebody means, in the form in which it is kept.
    ///
    /// - Parameter list: what is in it is known though the user or group is there no more.
    package func identifier(
        _ text: String,
        in list: AccessList
    ) async throws(AccessRefusal) -> AccessIdentifier {
        let found: AccessLookup
        do throws(MailStoreError) { found = try await identifier(text) } catch { throw .store(error) }
        switch found {
        case .found(let identifier): return identifier
        case .unknown:
            guard let kept = AccessIdentifier(text), list[kept] != nil else { throw .unknownIdentifier }
            return kept
        case .invalid: throw .invalidIdentifier
        }
    }
}
