// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// One question and what came of it, for people: `martlet dns`.
package struct LookupReport: Sendable, Hashable {
    package var name: String
    package var type: String
    /// `data`, `no-data`, `no-name` or `later`.
    package var outcome: String
    /// Why it is `later`; else empty.
    package var reason: String
    /// As text; at most `maximumRecords`.
    package var records: [String]
    package var isSecure: Bool
    package var ttl: UInt32
    /// What the name stands for, when it is an alias; else empty.
    package var canonicalName: String
    package var milliseconds: UInt64

    package static let maximumRecords = 1000

    package init(
        name: String,
        type: String,
        outcome: String,
        reason: String = "",
        records: [String] = [],
        isSecure: Bool,
        ttl: UInt32,
        canonicalName: String = "",
        milliseconds: UInt64
    ) {
        self.name = name
        self.type = type
        self.outcome = outcome
        self.reason = reason
        self.records = records
        self.isSecure = isSecure
        self.ttl = ttl
        self.canonicalName = canonicalName
        self.milliseconds = milliseconds
    }
}

/// Whom the resolver asks, and how they are.
package struct ResolverStatus: Sendable, Hashable {
    package struct Server: Sendable, Hashable {
        package var name: String
        /// What it is asked for; `.` for everything.
        package var zone: String
        package var milliseconds: UInt64
        /// `nil`: it answers.
        package var failure: String?

        package init(name: String, zone: String, milliseconds: UInt64, failure: String?) {
            self.name = name
            self.zone = zone
            self.milliseconds = milliseconds
            self.failure = failure
        }
    }

    /// None: the authoritative servers are asked.
    package var servers: [Server]
    /// `on`, `off`, or `absent`: the servers take signatures out.
    package var proofs: String
    /// Why settings could not be put in force.
    package var failure: String?

    package init(servers: [Server], proofs: String, failure: String?) {
        self.servers = servers
        self.proofs = proofs
        self.failure = failure
    }
}

/// What a worker asks the resolver.
package enum ResolverRequest: Sendable, Hashable {
    case mailHosts(domain: String)
    case addresses(host: String)
    case records(name: String, type: UInt16)
    case status
}

/// What the resolver answers.
package enum ResolverReply: Sendable, Hashable {
    /// To `mailHosts` and `addresses`; with all that was asked for it.
    case hosts(MailHostAnswer, [LookupReport])
    case records(LookupReport)
    case status(ResolverStatus)
    /// The request made no sense.
    case refused(String)
}
