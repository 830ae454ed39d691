// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import MailTypes
internal import Resolver
internal import Runtime
internal import SMTPClient
internal import SMTPWire
internal import Settings

/// The hosts of a destination, one after another, looked up when they are needed.
final class OutgoingHosts {
    private let resolver: any MailHostResolver
    private let port: UInt16
    private let ownName: String
    private var smartHosts: ArraySlice<SmartHost>
    private var domain: Domain?
    private var found: ArraySlice<SMTPHost> = []
    /// Why there are none.
    private(set) var failure: ResolutionFailure?
    /// The domain's best server is this one: its mail would come back for ever.
    private(set) var leadsHere = false

    /// - Parameter domain: whose servers are meant, when there are no smart hosts.
    init(_ settings: SettingsSnapshot, resolver: any MailHostResolver, domain: Domain?, ownName: String) {
        self.resolver = resolver
        self.ownName = ownName
        port = UInt16(clamping: settings[OutgoingSettings.port])
        smartHosts = settings[OutgoingSettings.smartHosts].compactMap(SmartHost.init)[...]
        self.domain = smartHosts.isEmpty ? domain : nil
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
        case .failed(let failure): self.failure = failure
        case .hosts(let hosts):
            guard let others = hosts.excluding({ $0.name.text == ownName }) else {
                leadsHere = true
                return
            }
            found =
                others.hosts.flatMap { host in
                    host.addresses.map { SMTPHost(host.name.text, $0.socketAddress(port: port)) }
                }[...]
        }
    }

    private func look(up host: SmartHost) async {
        let port = host.port == 0 ? self.port : host.port
        switch host.place {
        case .address(.ipv4(let value, _)): found = [SMTPHost(host.description, .ipv4(value, port: port))]
        case .address(.ipv6(let value, _)): found = [SMTPHost(host.description, .ipv6(value, port: port))]
        case .address(.unix): break
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
