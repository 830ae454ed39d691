// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What there is to know about where mail for a domain goes.
package enum MailHostAnswer: Sendable, Hashable {
    case hosts(MailHosts)
    case failed(ResolutionFailure)

    /// The hosts, or `nil`.
    package var hosts: MailHosts? {
        if case .hosts(let hosts) = self { hosts } else { nil }
    }

    /// The failure, or `nil`.
    package var failure: ResolutionFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}

/// Finds the hosts that take mail for a domain.
///
/// Answers come within `resolver/timeout` (and a second), whatever happens; none is ever thrown, and a resolver that
/// cannot be asked is `later`. Answers are kept by the resolver as long as their TTL says: ask again for each
/// connection instead of keeping them longer than `lifetime`.
package protocol MailHostResolver: Sendable {
    /// The hosts of a domain in the order to try: those of its MX records, or itself when it has none
    /// (RFC 5321 §5.1).
    ///
    /// An address literal is its own host. Names are absolute, and U-labels are asked for as A-labels.
    func mailHosts(of domain: Domain) async -> MailHostAnswer

    /// A host by its name, without asking for MX records: for smart hosts.
    ///
    /// The answer has one host, the one that was asked for.
    func addresses(of host: Domain) async -> MailHostAnswer
}

extension MailHosts {
    /// Without this server and what is not better than it (RFC 5321 §5.1): who is an MX of a domain sends its mail only
    /// to hosts of lower preference value, or it would loop.
    ///
    /// It is this server, too, when its own address is not known now. There may be no host left, and better ones of
    /// which nothing is known now: then `unusable` has them.
    ///
    /// - Parameters:
    ///   - isSelf: whether a host is this server, by its name or by an address with the port mail goes to.
    /// - Returns: `nil` when no host is left, now and later: the mail would come back.
    package func excluding(_ isSelf: (MailHost) -> Bool) -> MailHosts? {
        let unknown = unusable.compactMap { host in
            Domain(host.name).map { MailHost(name: $0, preference: host.preference, addresses: [], isSecure: false) }
        }
        guard let own = (hosts + unknown).filter(isSelf).map(\.preference).min() else { return self }
        var rest = self
        rest.hosts.removeAll { $0.preference >= own }
        rest.unusable.removeAll { $0.preference >= own }
        return rest.hosts.isEmpty && !rest.unusable.contains { $0.mayBeUsableLater } ? nil : rest
    }
}
