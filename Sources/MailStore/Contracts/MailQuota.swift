// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// Bounds on what an account may store.
///
/// `nil` for none.
package struct QuotaLimits: Sendable, Hashable {
    package var octets: UInt64?
    package var messages: UInt64?

    package init(octets: UInt64? = nil, messages: UInt64? = nil) {
        self.octets = octets
        self.messages = messages
    }

    package static let none = QuotaLimits()
}

/// What an account has stored: all messages of all its mailboxes, each copy counted.
package struct QuotaUsage: Sendable, Hashable {
    package var octets: UInt64
    package var messages: UInt64

    package init(octets: UInt64 = 0, messages: UInt64 = 0) {
        self.octets = octets
        self.messages = messages
    }

    /// Whether so much more would still be within the bounds.
    package func admits(octets more: UInt64, messages count: UInt64, within limits: QuotaLimits) -> Bool {
        let (octets, overflow) = octets.addingReportingOverflow(more)
        let (messages, carry) = messages.addingReportingOverflow(count)
        guard !overflow, !carry else { return false }
        return octets <= limits.octets ?? .max && messages <= limits.messages ?? .max
    }

    /// How full the fuller of the two bounds is, in percent, rounded down; 0 without bounds.
    package func percent(of limits: QuotaLimits) -> UInt64 {
        func share(_ used: UInt64, _ limit: UInt64?) -> UInt64 {
            guard let limit else { return 0 }
            guard limit > 0 else { return 100 }
            let (product, overflow) = used.multipliedReportingOverflow(by: 100)
            return overflow ? used / max(1, limit / 100) : product / limit
        }
        return max(share(octets, limits.octets), share(messages, limits.messages))
    }
}

/// How much of its quota an account has used (RFC 9208).
package struct QuotaStatus: Sendable, Hashable {
    package var usage: QuotaUsage
    package var limits: QuotaLimits

    package init(usage: QuotaUsage, limits: QuotaLimits) {
        self.usage = usage
        self.limits = limits
    }

    /// Whether one more message of so many octets is refused.
    package func refuses(octets: UInt64) -> Bool { !usage.admits(octets: octets, messages: 1, within: limits) }
}

/// Where the store learns what an account may hold.
///
/// Called before everything that adds mail, on any task: it should answer from memory.
package typealias QuotaSource = @Sendable (AccountID) async -> QuotaLimits
