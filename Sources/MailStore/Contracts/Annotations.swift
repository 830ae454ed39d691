// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import MailTypes

/// What clients keep with a mailbox, or with the account: texts by the names of their entries (RFC 5464 §3).
///
/// Names are lower case, and what they may be is the caller's affair.
package typealias Annotations = [String: [UInt8]]

/// One entry that gets another value, or with `nil` goes.
package struct AnnotationChange: Sendable, Hashable {
    package var name: String
    package var value: [UInt8]?

    package init(_ name: String, _ value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// Bounds of what an account keeps, all of which is in memory while it is open.
package enum AnnotationLimits {
    /// Octets of one value; RFC 5464 §4.1 asks for 1,024 at least.
    package static let valueOctets = 16_384
    /// Octets of the name of an entry.
    package static let nameOctets = 1_000
    /// Entries of one mailbox, and of the account; RFC 5464 §4.1 asks for 10 at least.
    package static let entries = 100
    /// Octets of all names and values of an account: what 1,600 mailboxes need that have what RFC 5464 §4.1 asks for.
    package static let accountOctets = 16 << 20
}

extension Annotations {
    func changed(by changes: [AnnotationChange]) -> Annotations {
        changes.reduce(into: self) { $0[$1.name] = $1.value }
    }

    /// Of all names and values.
    var octets: Int { reduce(0) { $0 + $1.key.utf8.count + $1.value.count } }
}

extension MailAccount {
    /// For an account that keeps none.
    package func annotations(of name: MailboxName?) async throws(MailStoreError) -> Annotations { [:] }

    /// For an account that keeps none.
    package func annotate(_ name: MailboxName?, _ changes: [AnnotationChange]) async throws(MailStoreError) {
        throw MailStoreError(.forbidden, "annotations are not kept here")
    }
}
