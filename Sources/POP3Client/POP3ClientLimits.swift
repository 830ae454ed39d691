// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// What a session takes, and how long it waits.
package struct POP3ClientLimits: Sendable, Hashable {
    /// Most rows of LIST, UIDL and CAPA: 10,000,000 unless set.
    package var rows: Int
    /// Longest wait for the next octet of an answer: 10 minutes unless set, as long as servers wait (RFC 1939 §3).
    package var wait: Duration
    /// Commands that are sent ahead of their answers at most (RFC 2449 §6.6).
    package static let window = 32
    /// Octets of a message that are read at a time.
    static let pieceOctets = 64 * 1024

    package init(rows: Int = 10_000_000, wait: Duration = .seconds(600)) {
        self.rows = rows
        self.wait = wait
    }
}
