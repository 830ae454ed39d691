// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Glibc
internal import MailTypes
internal import Resolver
internal import Routing
internal import Runtime
internal import SMTPClient
internal import SMTPWire
internal import Settings

extension ConnectorOperations {
    /// Hosts that one test talks to; it names further ones, and says that it did not ask them.
    private static let maximumHosts = 5
    /// Longest wait for anything that a host says in a test, where a person waits.
    private static let patience = Duration.seconds(15)

    /// Talks to the connector's hosts up to where mail would be sent.
    func test(_ name: String, domain: String?) async throws(AdminError) -> JSONValue {
        let snapshot = await settings.load().snapshot
        guard let connector = RoutingTable(snapshot)[name] else {
            throw AdminError(.notFound, "There is no connector \(PrintableText.escaped(name)).")
        }
        if let folder = connector.dropFolder {
            return ["connector": .string(name), "hosts": .array([Self.test(folder: folder)])]
        }
        let port = UInt16(clamping: snapshot[RoutingSettings.port])
        let hosts = try await hosts(of: connector, domain: domain, port: port)
        let options = try await options(connector)
        let outbound: SMTPOutbound
        do throws(TLSError) { outbound = try SMTPOutbound() } catch { throw AdminError(.failure, "\(error).") }
        var results: [JSONValue] = []
        for host in hosts.prefix(Self.maximumHosts) {
            results.append(await outbound.probe(host, via: options).json)
        }
        results += hosts.dropFirst(Self.maximumHosts).map(Self.leftOut)
        return ["connector": .string(name), "hosts": .array(results)]
    }

    /// Whether files can be made in a drop folder; one that is missing is made when mail comes.
    private static func test(folder: String) -> JSONValue {
        let works = unsafe access(folder, W_OK | X_OK) == 0
        let failure = works ? nil : unsafe String(cString: strerror(errno))
        return [
            "host": .string("drop folder"), "address": .string(PrintableText.escaped(folder)), "works": .bool(works),
            "failure": .optional(failure), "serverName": "", "tls": .null, "loggedOn": .bool(false),
            "offers": .strings([]),
        ]
    }

    private static func leftOut(_ host: SMTPHost) -> JSONValue {
        [
            "host": .string(host.name), "address": .string("\(host.address)"), "works": .null,
            "failure": .string("Not asked: a test talks to the first \(maximumHosts)"), "serverName": "", "tls": .null,
            "loggedOn": .bool(false), "offers": .strings([]),
        ]
    }

    private func options(_ connector: Connector) async throws(AdminError) -> SMTPOutboundOptions {
        var options = SMTPOutboundOptions(heloName: connector.heloName ?? hostName)
        options.security = connector.security
        options.implicitTLS = connector.usesImplicitTLS
        options.sourceIPv4 = connector.sourceIPv4.flatMap { SocketAddress(host: $0, port: 0) }
        options.sourceIPv6 = connector.sourceIPv6.flatMap { SocketAddress(host: $0, port: 0) }
        options.timeouts = SMTPTimeouts(
            connect: Self.patience,
            greeting: Self.patience,
            command: Self.patience,
            dataStart: Self.patience,
            block: Self.patience,
            answer: Self.patience
        )
        if let user = connector.user {
            guard let password = await vault.password(of: connector.name) else {
                throw AdminError(
                    .unavailable,
                    "The connector is to log on as \(PrintableText.escaped(user)), and its password cannot be read. Set "
                        + "it: martlet connector set \(connector.name) --password-stdin"
                )
            }
            options.credentials = SMTPCredentials(user: user, password: password)
        }
        return options
    }

    private func hosts(
        of connector: Connector,
        domain: String?,
        port: UInt16
    ) async throws(AdminError) -> [SMTPHost] {
        guard connector.smartHosts.isEmpty else {
            var hosts: [SMTPHost] = []
            for host in connector.smartHosts { hosts += try await addresses(of: host, port: port) }
            return hosts
        }
        guard let domain = domain.flatMap({ Domain($0) }) else {
            throw AdminError(.badRequest, "The connector sends to each domain's own servers: name a domain to test.")
        }
        return try hosts(await lookUp().mailHosts(of: domain), port)
    }

    private func addresses(of host: SmartHost, port: UInt16) async throws(AdminError) -> [SMTPHost] {
        let port = host.port == 0 ? port : host.port
        switch host.place {
        case .address(let address):
            guard let whole = SocketAddress(host: address.host, port: port) else { return [] }
            return [SMTPHost(address.host, whole)]
        case .name(let name): return try hosts(await lookUp().addresses(of: name), port)
        }
    }

    private func lookUp() throws(AdminError) -> any MailHostResolver {
        guard let resolver else {
            throw AdminError(
                .unavailable,
                "Names are looked up by the server, which does not run. Start it: martlet serve"
            )
        }
        return resolver
    }

    private func hosts(_ answer: MailHostAnswer, _ port: UInt16) throws(AdminError) -> [SMTPHost] {
        switch answer {
        case .failed(let failure): throw AdminError(.unavailable, "\(failure.reason).")
        case .hosts(let found):
            return found.hosts.flatMap { host in
                host.addresses.map { SMTPHost(host.name.text, $0.socketAddress(port: port)) }
            }
        }
    }
}

extension SMTPProbe {
    fileprivate var json: JSONValue {
        [
            "host": .string(host.name), "address": .string("\(host.address)"), "works": .bool(failure == nil),
            "failure": .optional(failure.map { PrintableText.escaped("\($0)") }),
            "serverName": .string(PrintableText.escaped(serverName)),
            "tls": .optional(tls.map { "\($0.version) \($0.cipher)" }),
            "loggedOn": .bool(isAuthenticated),
            "offers": .strings(capabilities.keywords.map { PrintableText.escaped($0) }),
        ]
    }
}
