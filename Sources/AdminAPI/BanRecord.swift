// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// A ban from logging on, as the API shows it.
package struct BanRecord: Sendable, Equatable {
    /// `192.0.2.1/32`, `2001:db8:1:2::/64`, or the address of an account.
    package var subject: String
    /// Seconds since 1970-01-01T00:00:00Z.
    package var since: Int64
    /// The same.
    package var until: Int64
    package var reason: String
    /// An administrator asked for it.
    package var isByHand: Bool

    package init(subject: String, since: Int64, until: Int64, reason: String, isByHand: Bool) {
        self.subject = subject
        self.since = since
        self.until = until
        self.reason = reason
        self.isByHand = isByHand
    }

    var json: JSONValue {
        [
            "subject": .string(subject), "since": .integer(since), "until": .integer(until), "reason": .string(reason),
            "byHand": .bool(isByHand),
        ]
    }
}
