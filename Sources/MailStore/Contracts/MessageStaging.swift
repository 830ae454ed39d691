// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Takes the octets of one incoming message, in memory up to a bound and beyond that in a file of its own, so that a
/// message of any size costs bounded memory.
///
/// Used by one task; dropped without `finish`, it leaves nothing behind.
package protocol MessageStaging: AnyObject {
    /// Octets so far.
    var count: UInt64 { get }

    /// Adds octets. Throws `.storageFull`. May write to a local file (buffered, not synced).
    func add(_ bytes: [UInt8]) throws(MailStoreError)

    /// The message is whole: takes its SHA-256 and its structure.
    func finish() async throws(MailStoreError) -> any StagedMessage
}

/// A whole message, ready to be appended (to one or several accounts).
///
/// Its octets never change.
package protocol StagedMessage: AnyObject, Sendable {
    var size: UInt64 { get }
    /// 32 octets.
    var sha256: [UInt8] { get }
}

/// Makes the cached structure of a whole message (ENVELOPE, BODYSTRUCTURE, preview).
///
/// Pure; `MessageFormat` has it.
package typealias MessageSummarizer = @Sendable (RawSpan) -> [UInt8]
