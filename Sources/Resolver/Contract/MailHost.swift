// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// A host that takes mail for a domain, with the addresses to try.
package struct MailHost: Sendable, Hashable {
    /// The name in the MX record, or the one that was asked for, as A-labels: what its certificate must be for.
    ///
    /// An alias is followed for its addresses and not written over this name (RFC 5321 §2.3.5).
    package var name: Domain
    /// Of the MX record, lowest first; 0 without one.
    package var preference: UInt16
    /// In the order to try, IPv6 and IPv4 in turn; never empty.
    package var addresses: [HostAddress]
    /// Whether DNSSEC vouches for the way from the domain to these addresses: MX and address records alike.
    package var isSecure: Bool

    package init(name: Domain, preference: UInt16 = 0, addresses: [HostAddress], isSecure: Bool = false) {
        self.name = name
        self.preference = preference
        self.addresses = addresses
        self.isSecure = isSecure
    }
}

/// A host of an MX record that mail cannot be sent to now, and why: for `martlet dns mx`, and for people who ask why a
/// message waits.
package struct UnusableMailHost: Sendable, Hashable {
    /// As the MX record has it; need not be a `Domain`.
    package var name: String
    package var preference: UInt16
    package var reason: String
    /// Whether it may be usable later: its addresses could not be found out.
    package var mayBeUsableLater: Bool

    package init(name: String, preference: UInt16, reason: String, mayBeUsableLater: Bool) {
        self.name = name
        self.preference = preference
        self.reason = reason
        self.mayBeUsableLater = mayBeUsableLater
    }
}

/// The hosts that take mail for a domain.
package struct MailHosts: Sendable, Hashable {
    /// In the order to try: by preference, and in a new random order at each asking among those of equal preference
    /// (RFC 5321 §5.1).
    ///
    /// Never empty; at most `maximumAddresses` addresses in all.
    package var hosts: [MailHost]
    /// Further hosts of the domain, which have no address that can be used.
    package var unusable: [UnusableMailHost]
    /// There is no MX record: the domain's own address is the host (RFC 5321 §5.1), or the host was named.
    package var isImplicit: Bool
    /// Whether DNSSEC vouches for the MX records, or for there being none.
    package var isSecure: Bool
    /// How long the answer may be used without asking again: what is left of the shortest TTL in it.
    package var lifetime: Duration

    /// Addresses of one answer; a domain with more has the rest left out (RFC 5321 §5.1 asks for at least two tries).
    package static let maximumAddresses = 64

    package init(
        _ hosts: [MailHost],
        unusable: [UnusableMailHost] = [],
        isImplicit: Bool = false,
        isSecure: Bool = false,
        lifetime: Duration
    ) {
        self.hosts = hosts
        self.unusable = unusable
        self.isImplicit = isImplicit
        self.isSecure = isSecure
        self.lifetime = lifetime
    }
}
