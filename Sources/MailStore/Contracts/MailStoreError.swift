// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Why the store could not do what was asked.
///
/// Callers switch on `code`; protocols turn it into their reply.
package struct MailStoreError: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    package enum Code: Sendable, Hashable {
        /// `NO [NONEXISTENT]`, `[TRYCREATE]` for targets.
        case noSuchMailbox
        /// No such message in quarantine.
        case noSuchMessage
        /// `NO [ALREADYEXISTS]`.
        case mailboxExists
        /// `NO [CANNOT]`: INBOX cannot be deleted, a name is not usable.
        case forbidden
        /// `NO [INUSE]`, `-ERR [IN-USE]`, `450 4.2.0`: the account could not be had in time.
        case busy
        /// `NO [OVERQUOTA]`, `552 5.2.2`.
        case overQuota
        /// `NO [UNAVAILABLE]`, `452 4.3.1`: the disk is full.
        case storageFull
        /// `NO [LIMIT]`: a bound of the store (keywords, mailboxes, message size).
        case limit
        /// `NO [CORRUPTION]`: with the refuse policy, octets of a message are lost.
        case damaged
        /// `NO [SERVERBUG]`, `451 4.3.0`: the disk failed, or this process is no longer the owner.
        case unavailable
    }

    package let code: Code
    /// For clients: what and which, no paths.
    package let message: String
    /// For the log: the cause, with errno or offset.
    package let detail: String

    package init(_ code: Code, _ message: String, detail: String = "") {
        self.code = code
        self.message = message
        self.detail = detail
    }

    package var description: String { message }
    /// With the cause, for events.
    package var debugDescription: String { detail.isEmpty ? message : "\(message) (\(detail))" }
}
