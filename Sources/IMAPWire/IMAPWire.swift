// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// The grammar of IMAP (RFC 3501, RFC 9051 and the extensions each file names): commands and responses as values, read
/// from and written to octets.
///
/// Invariants:
/// - Pure: no I/O, no clock, no tasks. Everything here is total: any octets give a value or an `IMAPSyntaxError` with
///   the offset and what was expected there, in time and memory proportional to them.
/// - The grammar only ever sees whole frames. `FrameAssembler` joins lines and counted literals; nothing else may.
/// - Only encoders make octets. What `WireEncoder` and `ResponseEncoder` write is what `ResponseParser` accepts, and
///   that parser is strict: what it accepts is valid.
/// - Mailbox names are UTF-8 inside and modified UTF-7 on the wire (RFC 3501 §5.1.3).
package enum IMAPWire {}
