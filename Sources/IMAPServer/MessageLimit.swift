// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How many messages one command handles (RFC 9738 §3).
package struct MessageLimit: Sendable, Hashable {
    /// The commands that are bounded.
    package enum Scope: String, Sendable, Hashable, CaseIterable {
        /// SEARCH, FETCH, STORE, COPY, MOVE, APPEND and UID EXPUNGE.
        case all
        /// COPY and APPEND.
        case save
    }

    /// From 1.
    let count: Int
    let scope: Scope

    /// `nil`, which is no limit, for a count below 1.
    package init?(count: Int, scope: Scope = .all) {
        guard count > 0 else { return nil }
        self.count = count
        self.scope = scope
    }

    /// What is announced.
    var capability: String { (scope == .all ? "MESSAGELIMIT=" : "SAVELIMIT=") + String(count) }
}
