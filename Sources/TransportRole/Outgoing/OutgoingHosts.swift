// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Resolver
internal import Routing
internal import Runtime
internal import SMTPClient
internal import SMTPWire

/// The hosts of a destination, one after another, looked up when they are needed.
final class OutgoingHosts {
    private let resolver: any MailHostResolver
    private let port: UInt16
    private let ownName: String
    private let ownAddresses: OwnAddresses
    private let sites: SharedSites?
    private let terms: String
    private var smartHosts: ArraySlice<SmartHost>
    private var domain: Domain?
    private var found: ArraySlice<SMTPHost> = []
    /// Why there are none.
    private(set) var failure: ResolutionFailure?
    /// The domain's best server is this one: its mail would come back for ever.
    private(set) var leadsHere = false
    private let needsProof: Bool
    /// Nobody vouches for where the domain's mail goes, and somebody must.
    private(set) var lacksProof = false

    /// - Parameters:
    ///   - port: of hosts that are not said to have another.
    ///   - ownAddresses: a host that has one of these is this one, whatever its name.
    ///   - needsProof: only by MX records that DNSSEC vouches for (RFC 8689 §4.2.1).
    ///   - sites: told of the domain's hosts.
    ///   - terms: what else has to be the same for messages that wait together.
    init(
        _ hop: NextHop,
        port: UInt16,
        resolver: any MailHostResolver,
        ownName: String,
        ownAddresses: OwnAddresses = OwnAddresses(),
        needsProof: Bool = false,
        sites: SharedSites? = nil,
        terms: String = ""
    ) {
        self.needsProof = needsProof
        self.sites = sites
        self.terms = terms
        self.resolver = resolver
        // Names of hosts are compared in lower case.
        self.ownName = Domain(ownName)?.text ?? ownName
        self.ownAddresses = ownAddresses
        self.port = port
        switch hop {
        case .mx(let domain): (self.domain, smartHosts) = (domain, [])
        case .smartHosts(let hosts): (domain, smartHosts) = (nil, hosts[...])
        case .drop: (domain, smartHosts) = (nil, [])
        }
    }

    /// The next host to try; `nil` when there is none.
    func next() async -> SMTPHost? {
        while true {
            if let host = found.popFirst() { return host }
            if let domain {
                self.domain = nil
                await look(up: domain)
            } else if let host = smartHosts.popFirst() {
                await look(up: host)
            } else {
                return nil
            }
        }
    }

    private func look(up domain: Domain) async {
        switch await resolver.mailHosts(of: domain) {
        case .failed(let failure):
            self.failure = failure
            sites?.forget(domain)
        case .hosts(let hosts) where needsProof && !hosts.isSecure: lacksProof = true
        case .hosts(let hosts):
            sites?.learn(domain, hosts, terms: terms)
            guard let others = hosts.excluding(isThisOne) else {
                leadsHere = true
                return
            }
            if others.hosts.isEmpty { failure = Self.betterOnesUnknown(domain, others.unusable) }
            found =
                others.hosts.flatMap { host in
                    host.addresses.map { SMTPHost(host.name.text, $0.socketAddress(port: port)) }
                }[...]
        }
    }

    /// This server is a host of the domain, and nothing is known now of those that are better.
    private static func betterOnesUnknown(_ domain: Domain, _ hosts: [UnusableMailHost]) -> ResolutionFailure {
        ResolutionFailure(
            .later,
            "The addresses of the mail hosts of \(domain) that are better than this one are not known now",
            details: hosts.prefix(8).map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
        )
    }

    /// RFC 5321 §5.1: this host, and what is no better, is left out.
    private func isThisOne(_ host: MailHost) -> Bool {
        host.name.text == ownName
            || host.addresses.contains { ownAddresses.contains($0.socketAddress(port: port)) }
    }

    private func look(up host: SmartHost) async {
        let port = host.port == 0 ? self.port : host.port
        switch host.place {
        // A host that is known by its address is verified by it.
        case .address(let address):
            found = SocketAddress(host: address.host, port: port).map { [SMTPHost(address.host, $0)] } ?? []
        case .name(let name):
            switch await resolver.addresses(of: name) {
            // A smart host that does not exist is a slip in the settings, and no reason to return mail.
            case .failed(let failure):
                self.failure = ResolutionFailure(.later, "\(name): \(failure.reason)", details: failure.details)
            case .hosts(let hosts):
                found =
                    hosts.hosts.flatMap { host in
                        host.addresses.map { SMTPHost(host.name.text, $0.socketAddress(port: port)) }
                    }[...]
            }
        }
    }
}
