// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// How mailbox names and quoted strings are written, which a client may change in the middle of a connection.
package enum TextForm: Hashable, Sendable {
    /// Names in modified UTF-7 (RFC 3501 §5.1.3), quoted strings of 7 bits.
    case modifiedUTF7
    /// Both in UTF-8: after ENABLE IMAP4rev2 (RFC 9051 §5.1) or ENABLE UTF8=ACCEPT (RFC 6855 §3).
    case utf8
}
