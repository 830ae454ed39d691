// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import DNSRecords

/// What became of one question.
package struct RecordLookup: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// There are records of the type; aliases are followed.
        case data([RecordData])
        /// The name exists, and has no records of the type.
        case noData
        /// The name does not exist.
        case noName
        /// Not known now, and why.
        case failed(String)
    }

    package var question: DNSQuestion
    package var outcome: Outcome
    /// Whether DNSSEC vouches for it.
    package var isSecure: Bool
    /// Seconds for which it may be used.
    package var ttl: UInt32
    /// What the name stands for, when it is an alias.
    package var canonicalName: DomainName?
    package var took: Duration

    package init(
        _ question: DNSQuestion,
        _ outcome: Outcome,
        isSecure: Bool = false,
        ttl: UInt32 = 0,
        canonicalName: DomainName? = nil,
        took: Duration = .zero
    ) {
        self.question = question
        self.outcome = outcome
        self.isSecure = isSecure
        self.ttl = ttl
        self.canonicalName = canonicalName
        self.took = took
    }
}

/// Where records come from.
package protocol RecordSource: Sendable {
    /// Asks a question; the answer comes by `deadline`, or is `failed`.
    func lookUp(_ question: DNSQuestion, by deadline: ContinuousClock.Instant) async -> RecordLookup
}
