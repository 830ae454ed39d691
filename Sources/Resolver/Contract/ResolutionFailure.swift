// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPWire

/// Why there is no host to send mail to.
///
/// Only the first three say something about the domain and may return mail; everything that goes wrong on the way
/// (time-outs, refusals, nonsense, answers that DNSSEC finds false, a resolver that died) is `later`.
package struct ResolutionFailure: Error, Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package enum Class: String, Sendable, Hashable, CaseIterable {
        /// The domain says that it takes no mail (RFC 7505).
        case nullMX = "null-MX"
        /// The domain does not exist (NXDOMAIN), or is no domain name that could.
        case noSuchDomain = "no-name"
        /// The domain exists and has neither MX records nor an address, or none of its hosts has an address that mail
        /// can be sent to (RFC 5321 §5.1).
        case noMailHost = "no-data"
        /// Nothing is known now: try again.
        case later = "later"
    }

    package var `class`: Class
    /// One line for the sender's report: what was found, in words.
    package var reason: String
    /// For the log and for `martlet dns`: what was asked, and what came.
    ///
    /// Not for strangers.
    package var details: String

    package init(_ class: Class, _ reason: String, details: String = "") {
        self.class = `class`
        self.reason = reason
        self.details = details
    }

    /// Whether mail goes back to its sender because of it.
    package var isPermanent: Bool { `class` != .later }

    /// What a report says: 5.1.10 (RFC 7505 §4.2), 5.1.2, 5.4.4 or 4.4.3 (RFC 3463 §3.2, §3.5).
    package var status: EnhancedStatusCode {
        switch `class` {
        case .nullMX: EnhancedStatusCode(.permanent, StatusDetail(1, 10))
        case .noSuchDomain: EnhancedStatusCode(.permanent, StatusDetail(1, 2))
        case .noMailHost: EnhancedStatusCode(.permanent, StatusDetail(4, 4))
        case .later: EnhancedStatusCode(.transient, StatusDetail(4, 3))
        }
    }

    /// The reply that a server would have given in its place: 556 for a null MX (RFC 7505 §4.2), 550, or 451.
    package var replyCode: UInt16 {
        switch `class` {
        case .nullMX: 556
        case .noSuchDomain, .noMailHost: 550
        case .later: 451
        }
    }

    package var description: String { reason }
    package var debugDescription: String { details.isEmpty ? reason : "\(reason) (\(details))" }
}
