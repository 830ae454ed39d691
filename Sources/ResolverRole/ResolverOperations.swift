// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
internal import ByteTools
internal import DNSRecords
internal import MailTypes
package import Resolver
internal import Settings

/// The operations of the admin API on the domain name system, however the resolver is reached.
package struct ResolverOperations: Sendable {
    /// Has the resolver answer; throws when it cannot.
    package typealias Asking = @Sendable (ResolverRequest) async throws(AdminError) -> ResolverReply

    private let ask: Asking

    package init(_ ask: @escaping Asking) { self.ask = ask }

    /// Asks the resolver's process.
    package init(_ client: ResolverClient) {
        self.init { (request) throws(AdminError) in
            do throws(ResolverClient.Unreachable) {
                return try await client.ask(request).get()
            } catch {
                throw AdminError(.unavailable, "The resolver does not answer: \(error.reason).")
            }
        }
    }

    package var all: [AdminOperation] {
        [
            AdminOperation(.get, "v1/dns/mail-hosts/:domain") { (request) throws(AdminError) in
                let domain = try Self.domain(request.path[3])
                return try await hosts(.mailHosts(domain: domain.text), of: domain)
            },
            AdminOperation(.get, "v1/dns/addresses/:host") { (request) throws(AdminError) in
                let host = try Self.domain(request.path[3])
                return try await hosts(.addresses(host: host.text), of: host)
            },
            AdminOperation(.get, "v1/dns/records/:name/:type") { (request) throws(AdminError) in
                try await records(request.path[3], request.path[4])
            },
            AdminOperation(.get, "v1/dns/servers") { (_) throws(AdminError) in
                guard case .status(let status) = try await ask(.status) else { throw Self.strange }
                return status.json
            },
        ]
    }

    private static let strange = AdminError(.failure, "The resolver answered something else than was asked.")

    private static func domain(_ text: String) throws(AdminError) -> Domain {
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        guard let domain = Domain(name) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" is not a domain.")
        }
        return domain
    }

    private func hosts(_ request: ResolverRequest, of domain: Domain) async throws(AdminError) -> JSONValue {
        guard case .hosts(let answer, let lookups) = try await ask(request) else { throw Self.strange }
        return answer.json(domain, lookups)
    }

    private func records(_ text: String, _ kind: String) async throws(AdminError) -> JSONValue {
        guard let name = DomainName(text) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(text))\" is not a domain name.")
        }
        guard let type = RecordType(kind) else {
            throw AdminError(.invalid, "\"\(PrintableText.escaped(kind))\" is not a type of record, such as MX or TXT.")
        }
        guard case .records(let report) = try await ask(.records(name: "\(name)", type: type.rawValue)) else {
            throw Self.strange
        }
        return report.json
    }
}

extension MailHostAnswer {
    fileprivate func json(_ domain: Domain, _ lookups: [LookupReport]) -> JSONValue {
        let asked = JSONValue.array(lookups.map(\.json))
        switch self {
        case .failed(let failure):
            return [
                "domain": .string(domain.text), "class": .string(failure.class.rawValue),
                "status": .string("\(failure.status)"), "reply": .integer(Int64(failure.replyCode)),
                "bounces": .bool(failure.isPermanent), "reason": .string(failure.reason),
                "details": .string(failure.details), "hosts": .array([]), "unusable": .array([]), "lookups": asked,
            ]
        case .hosts(let hosts):
            return [
                "domain": .string(domain.text), "class": "data", "bounces": false, "implicit": .bool(hosts.isImplicit),
                "secure": .bool(hosts.isSecure), "ttl": .integer(hosts.lifetime.components.seconds),
                "hosts": .array(hosts.hosts.map(\.json)), "unusable": .array(hosts.unusable.map(\.json)),
                "lookups": asked,
            ]
        }
    }
}

extension MailHost {
    fileprivate var json: JSONValue {
        [
            "name": .string(name.text), "preference": .integer(Int64(preference)),
            "addresses": .array(addresses.map { .string("\($0)") }), "secure": .bool(isSecure),
        ]
    }
}

extension UnusableMailHost {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "preference": .integer(Int64(preference)), "reason": .string(reason),
            "mayBeUsableLater": .bool(mayBeUsableLater),
        ]
    }
}

extension LookupReport {
    fileprivate var json: JSONValue {
        [
            "name": .string(name), "type": .string(type), "class": .string(outcome), "reason": .string(reason),
            "records": .array(records.map { .string($0) }), "secure": .bool(isSecure), "ttl": .integer(Int64(ttl)),
            "canonicalName": .optional(canonicalName.isEmpty ? nil : canonicalName),
            "ms": .integer(Int64(clamping: milliseconds)),
        ]
    }
}

extension ResolverStatus {
    fileprivate var json: JSONValue {
        [
            "dnssec": .string(proofs), "recursion": .bool(!servers.contains { $0.zone == "." }),
            "failure": .optional(failure),
            "servers": .array(
                servers.map {
                    [
                        "server": .string($0.name), "zone": .string($0.zone), "answers": .bool($0.failure == nil),
                        "ms": .integer(Int64(clamping: $0.milliseconds)), "failure": .optional($0.failure),
                    ]
                }
            ),
        ]
    }
}
