// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import DNSRecords
package import Events
internal import MailTypes
package import Runtime
package import Settings

/// Answers what other workers ask over `DATA/run/resolver.sock`.
package struct ResolverService: Sendable {
    private let source: UnboundSource
    private let settings: LiveSettings
    private let events: EventRecorder

    package init(_ source: UnboundSource, settings: LiveSettings, events: EventRecorder) {
        self.source = source
        self.settings = settings
        self.events = events
    }

    /// Serves one connection: requests one after the other, each with its answer.
    package func serve(_ connection: Connection) async {
        while let request = try? await read(connection) {
            // Who asked is owed an answer, even while this process drains.
            connection.defersShutdown = true
            connection.write(ResolverFrame.framed(await answer(request).encoded))
            let flushed: Void? = try? await connection.flush()
            connection.defersShutdown = false
            guard flushed != nil else { return }
        }
    }

    private func read(_ connection: Connection) async throws -> [UInt8]? {
        let prefix = try await connection.readExactly(ResolverFrame.prefixOctets)
        guard let length = ResolverFrame.length(prefix) else { return nil }
        return try await connection.readExactly(length)
    }

    /// What a request, as it came, is answered.
    private func answer(_ octets: [UInt8]) async -> ResolverReply {
        guard let (request, milliseconds) = try? ResolverRequest.decode(octets) else {
            return .refused("a request that cannot be read")
        }
        let longest = settings.current[ResolverSettings.timeout]
        let time = min(longest, .milliseconds(Int64(min(milliseconds, 1 << 40))))
        return await answer(request, by: .now + time)
    }

    /// What a request is answered, by a deadline.
    package func answer(_ request: ResolverRequest, by deadline: ContinuousClock.Instant) async -> ResolverReply {
        switch request {
        case .mailHosts(let text):
            guard let domain = Domain(text) else { return .refused("not a domain") }
            return note(domain, await finder.mailHosts(of: domain, by: deadline))
        case .addresses(let text):
            guard let host = Domain(text) else { return .refused("not a domain") }
            return note(host, await finder.addresses(of: host, by: deadline))
        case .records(let text, let type):
            guard let name = DomainName(text) else { return .refused("not a domain name") }
            let question = DNSQuestion(name, RecordType(type))
            return .records(LookupReport(await source.lookUp(question, by: deadline)))
        case .status:
            return .status(await source.status())
        }
    }

    private var finder: MailHostFinder {
        let current = settings.current
        return MailHostFinder(
            source,
            MailHostFinder.AddressPolicy(
                families: current[ResolverSettings.addresses],
                unusable: current[ResolverSettings.unusableAddresses]
            )
        )
    }

    private func note(_ domain: Domain, _ found: (answer: MailHostAnswer, lookups: [RecordLookup])) -> ResolverReply {
        if let failure = found.answer.failure, failure.class == .later {
            events.record(
                .resolverLater,
                ["dns.domain": .string(domain.text), "dns.reason": .string(failure.debugDescription)]
            )
        }
        return .hosts(found.answer, found.lookups.map(LookupReport.init))
    }
}

extension LookupReport {
    init(_ lookup: RecordLookup) {
        self.init(
            name: "\(lookup.question.name)",
            type: "\(lookup.question.type)",
            outcome: "",
            isSecure: lookup.isSecure,
            ttl: lookup.ttl,
            canonicalName: lookup.canonicalName.map { "\($0)" } ?? "",
            milliseconds: lookup.took.wholeMilliseconds
        )
        switch lookup.outcome {
        case .data(let records):
            outcome = "data"
            self.records = records.prefix(Self.maximumRecords).map(\.shown)
        case .noData: outcome = "no-data"
        case .noName: outcome = "no-name"
        case .failed(let reason): (outcome, self.reason) = ("later", reason)
        }
    }
}

extension RecordData {
    /// As in a zone file, nearly (RFC 1035 §5.1).
    var shown: String {
        switch self {
        case .a, .aaaa: HostAddress(self).map { "\($0)" } ?? ""
        case .ns(let name), .cname(let name), .ptr(let name): "\(name)"
        case .mx(let preference, let exchange): "\(preference) \(exchange)"
        case .soa(let soa): "\(soa.server) \(soa.mailbox) \(soa.serial)"
        case .txt(let strings): strings.map { "\"\(String(decoding: $0, as: UTF8.self))\"" }.joined(separator: " ")
        case .srv(let priority, let weight, let port, let target): "\(priority) \(weight) \(port) \(target)"
        case .tlsa(let usage, let selector, let matching, let association):
            "\(usage) \(selector) \(matching) \(Self.hexadecimal(association))"
        case .opt: ""
        case .other(_, let octets): "\\# \(octets.count) \(Self.hexadecimal(octets))"
        }
    }

    private static func hexadecimal(_ octets: [UInt8]) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
