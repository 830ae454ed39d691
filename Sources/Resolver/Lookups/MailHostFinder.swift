// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools
internal import DNSRecords
package import MailTypes

/// Finds mail hosts with the records of a source: MX first, then addresses (RFC 5321 §5.1).
package struct MailHostFinder: Sendable {
    /// Hosts of one domain whose addresses are asked for; those of higher preference value are left out.
    package static let maximumHosts = 64
    /// Hosts of no use that an answer names.
    package static let maximumUnusable = 128
    /// Hosts that are asked for at a time.
    private static let hostsAtATime = 8

    /// What addresses are good for mail.
    package struct AddressPolicy: Sendable, Hashable {
        package var families: AddressFamilies
        package var unusable: AddressRanges

        package init(families: AddressFamilies = .both, unusable: AddressRanges = .standard) {
            self.families = families
            self.unusable = unusable
        }
    }

    private let source: any RecordSource
    private let policy: AddressPolicy

    package init(_ source: any RecordSource, _ policy: AddressPolicy = AddressPolicy()) {
        self.source = source
        self.policy = policy
    }

    /// The hosts of a domain, and every question that was asked for them.
    package func mailHosts(
        of domain: Domain,
        by deadline: ContinuousClock.Instant
    ) async -> (answer: MailHostAnswer, lookups: [RecordLookup]) {
        if domain.isAddressLiteral { return (Self.literal(domain, unusable: policy.unusable), []) }
        guard let name = domain.dnsName, let ascii = domain.ascii else { return (Self.noName(domain), []) }
        let lookup = await source.lookUp(DNSQuestion(name, .mx), by: deadline)
        switch lookup.outcome {
        case .data(let records):
            let exchanges = records.compactMap(Exchange.init)
            if exchanges.count == 1, exchanges[0].name.isRoot {
                let failure = ResolutionFailure(.nullMX, "\(ascii) says that it takes no mail (null MX)")
                return (.failed(failure), [lookup])
            }
            let (answer, more) = await hosts(exchanges, of: ascii, lookup, by: deadline)
            return (answer, [lookup] + more)
        case .noData:
            let found = await addresses(ascii, name, by: deadline)
            return (Self.implicit(found, ascii, without: lookup), [lookup] + found.lookups)
        case .noName:
            return (.failed(ResolutionFailure(.noSuchDomain, "The domain \(ascii) does not exist")), [lookup])
        case .failed(let reason):
            return (.failed(Self.later(ascii, reason)), [lookup])
        }
    }

    /// The addresses of one host, and every question that was asked for them.
    ///
    /// The administrator named it, so that any address will do.
    package func addresses(
        of host: Domain,
        by deadline: ContinuousClock.Instant
    ) async -> (answer: MailHostAnswer, lookups: [RecordLookup]) {
        if host.isAddressLiteral { return (Self.literal(host, unusable: .none), []) }
        guard let name = host.dnsName, let ascii = host.ascii else { return (Self.noName(host), []) }
        let trusting = MailHostFinder(source, AddressPolicy(families: policy.families, unusable: .none))
        let found = await trusting.addresses(ascii, name, by: deadline)
        return (Self.implicit(found, ascii, without: nil), found.lookups)
    }

    // MARK: One host

    /// What was found out about the addresses of one host.
    private struct HostLookup: Sendable {
        var addresses: [HostAddress] = []
        var ignored = 0
        var isSecure = true
        var ttl: UInt32 = .max
        var lookups: [RecordLookup] = []

        /// Why one of the questions has no answer.
        var failure: String? {
            lookups.lazy.compactMap { if case .failed(let reason) = $0.outcome { reason } else { nil } }.first
        }
        var doesNotExist: Bool { !lookups.isEmpty && lookups.allSatisfy { $0.outcome == .noName } }
    }

    private func addresses(
        _ host: Domain,
        _ name: DomainName,
        by deadline: ContinuousClock.Instant
    ) async -> HostLookup {
        async let six = policy.families.takesIPv6 ? source.lookUp(DNSQuestion(name, .aaaa), by: deadline) : nil
        async let four = policy.families.takesIPv4 ? source.lookUp(DNSQuestion(name, .a), by: deadline) : nil
        let lookups = [await six, await four].compactMap { $0 }
        var found = HostLookup(lookups: lookups)
        var families: [[HostAddress]] = []
        for lookup in lookups {
            found.ttl = min(found.ttl, lookup.ttl)
            if lookup.outcome != .noData, lookup.outcome != .noName {
                found.isSecure = found.isSecure && lookup.isSecure
            }
            guard case .data(let records) = lookup.outcome else { continue }
            let all = records.compactMap(HostAddress.init)
            let usable = all.filter { !policy.unusable.contains($0) }
            found.ignored += all.count - usable.count
            families.append(usable.shuffled())
        }
        found.addresses = Array(Self.inTurn(families).prefix(MailHosts.maximumAddresses))
        return found
    }

    /// One of each list in turn, the first list first.
    static func inTurn<Element>(_ lists: [[Element]]) -> [Element] {
        let longest = lists.map(\.count).max() ?? 0
        return (0..<longest).flatMap { index in lists.compactMap { index < $0.count ? $0[index] : nil } }
    }

    private static func implicit(_ found: HostLookup, _ domain: Domain, without mx: RecordLookup?) -> MailHostAnswer {
        guard found.addresses.isEmpty else {
            let isSecure = found.isSecure && mx?.isSecure != false
            let host = MailHost(name: domain, addresses: found.addresses, isSecure: isSecure)
            let lifetime = Duration.seconds(Int64(min(found.ttl, mx?.ttl ?? .max)))
            return .hosts(MailHosts([host], isImplicit: true, isSecure: isSecure, lifetime: lifetime))
        }
        if let reason = found.failure { return .failed(later(domain, reason)) }
        if found.ignored > 0 {
            return .failed(ResolutionFailure(.noMailHost, "\(domain) has only addresses that no mail can be sent to"))
        }
        guard mx == nil else {
            return .failed(ResolutionFailure(.noMailHost, "\(domain) has neither a mail host (MX) nor an address"))
        }
        return .failed(
            found.doesNotExist
                ? ResolutionFailure(.noSuchDomain, "The host \(domain) does not exist")
                : ResolutionFailure(.noMailHost, "The host \(domain) has no address")
        )
    }

    // MARK: Hosts of MX records

    /// What an MX record says.
    private struct Exchange: Sendable {
        var preference: UInt16
        var name: DomainName

        init?(_ data: RecordData) {
            guard case .mx(let preference, let exchange) = data else { return nil }
            (self.preference, name) = (preference, exchange)
        }
    }

    /// Which of them are looked up, in the order to try: by preference, in random order among equals, each host once.
    private static func ordered(_ exchanges: [Exchange]) -> [Exchange] {
        let sorted = exchanges.shuffled().sorted { $0.preference < $1.preference }
        var seen: Set<DomainName> = []
        return sorted.filter { seen.insert($0.name).inserted }
    }

    private func hosts(
        _ exchanges: [Exchange],
        of domain: Domain,
        _ mx: RecordLookup,
        by deadline: ContinuousClock.Instant
    ) async -> (answer: MailHostAnswer, lookups: [RecordLookup]) {
        let ordered = Self.ordered(exchanges)
        var found = MailHosts([], isSecure: mx.isSecure, lifetime: .zero)
        var (lookups, ttl, count) = ([RecordLookup](), mx.ttl, 0)
        var rest = ordered.prefix(Self.maximumHosts)
        while !rest.isEmpty, count < MailHosts.maximumAddresses {
            let some = Array(rest.prefix(Self.hostsAtATime))
            rest = rest.dropFirst(Self.hostsAtATime)
            for (exchange, host) in zip(some, await hosts(some, by: deadline)) {
                lookups += host.lookup.lookups
                guard let name = host.name, !host.lookup.addresses.isEmpty, count < MailHosts.maximumAddresses else {
                    found.unusable.append(Self.unusable(exchange, host, isBeyond: count >= MailHosts.maximumAddresses))
                    continue
                }
                let addresses = Array(host.lookup.addresses.prefix(MailHosts.maximumAddresses - count))
                count += addresses.count
                ttl = min(ttl, host.lookup.ttl)
                found.hosts.append(
                    MailHost(
                        name: name,
                        preference: exchange.preference,
                        addresses: addresses,
                        isSecure: mx.isSecure && host.lookup.isSecure
                    )
                )
            }
        }
        found.unusable += (rest + ordered.dropFirst(Self.maximumHosts)).map(Self.leftOut)
        guard !found.hosts.isEmpty else { return (.failed(Self.nothingUsable(found.unusable, domain)), lookups) }
        found.unusable = Array(found.unusable.prefix(Self.maximumUnusable))
        found.lifetime = .seconds(Int64(ttl))
        return (.hosts(found), lookups)
    }

    private typealias FoundHost = (name: Domain?, lookup: HostLookup)

    /// The addresses of some hosts at once, in their order.
    private func hosts(_ exchanges: [Exchange], by deadline: ContinuousClock.Instant) async -> [FoundHost] {
        await withTaskGroup(of: (Int, FoundHost).self) { group in
            for (index, exchange) in exchanges.enumerated() {
                group.addTask {
                    // An address in place of a name: RFC 5321 §5.1 has a name there, and there is no such top-level domain.
                    guard let name = Domain(exchange.name.description), HostAddress(name.text) == nil else {
                        return (index, (nil, HostLookup()))
                    }
                    return (index, (name, await addresses(name, exchange.name, by: deadline)))
                }
            }
            var found = [FoundHost](repeating: (nil, HostLookup()), count: exchanges.count)
            for await (index, host) in group { found[index] = host }
            return found
        }
    }

    private static func unusable(_ exchange: Exchange, _ host: FoundHost, isBeyond: Bool) -> UnusableMailHost {
        let reason: String
        var mayBeUsableLater = false
        if exchange.name.isRoot {
            reason = "is no host (null MX beside others)"
        } else if host.name == nil {
            reason = HostAddress(exchange.name.description) == nil ? "is no host name" : "is an address, not a name"
        } else if isBeyond {
            return leftOut(exchange)
        } else if let failure = host.lookup.failure {
            reason = failure
            mayBeUsableLater = true
        } else if host.lookup.ignored > 0 {
            reason = "has only addresses that no mail can be sent to"
        } else {
            reason = host.lookup.doesNotExist ? "does not exist" : "has no address"
        }
        return UnusableMailHost(
            name: exchange.name.description,
            preference: exchange.preference,
            reason: reason,
            mayBeUsableLater: mayBeUsableLater
        )
    }

    private static func leftOut(_ exchange: Exchange) -> UnusableMailHost {
        UnusableMailHost(
            name: exchange.name.description,
            preference: exchange.preference,
            reason: "left out: there are better ones enough",
            mayBeUsableLater: true
        )
    }

    /// Unknown counts more than hopeless: mail only goes back when every host was found out to be of no use.
    private static func nothingUsable(_ hosts: [UnusableMailHost], _ domain: Domain) -> ResolutionFailure {
        let details = hosts.prefix(8).map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
        guard !hosts.contains(where: \.mayBeUsableLater) else {
            return ResolutionFailure(
                .later,
                "The addresses of the mail hosts of \(domain) are not known now",
                details: details
            )
        }
        return ResolutionFailure(
            .noMailHost,
            "None of the mail hosts of \(domain) can be reached: \(details)",
            details: details
        )
    }

    // MARK: Failures

    private static func later(_ domain: Domain, _ reason: String) -> ResolutionFailure {
        ResolutionFailure(
            .later,
            "Where mail for \(domain) goes is not known now: its name servers gave no answer that can be used",
            details: reason
        )
    }

    private static func noName(_ domain: Domain) -> MailHostAnswer {
        .failed(ResolutionFailure(.noSuchDomain, "\(domain) is no domain name that can exist"))
    }

    private static func literal(_ domain: Domain, unusable: AddressRanges) -> MailHostAnswer {
        guard let address = domain.literalAddress else {
            return .failed(ResolutionFailure(.noSuchDomain, "\(domain) is not the address of a host"))
        }
        guard !unusable.contains(address) else {
            return .failed(ResolutionFailure(.noMailHost, "\(domain) is an address that no mail can be sent to"))
        }
        let host = MailHost(name: domain, addresses: [address])
        return .hosts(MailHosts([host], isImplicit: true, lifetime: .seconds(86_400)))
    }
}

extension HostAddress {
    init?(_ data: RecordData) {
        switch data {
        case .a(let value): self = .ipv4(value)
        case .aaaa(let value) where value >> 32 == 0xFFFF: self = .ipv4(UInt32(truncatingIfNeeded: value))
        case .aaaa(let value): self = .ipv6(value)
        default: return nil
        }
    }
}
