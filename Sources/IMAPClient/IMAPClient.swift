// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// IMAP (RFC 3501, RFC 9051) as a client.
//
// `IMAPClientSession` is one connection, used by one task.
//
// Invariants:
// - What the server sends is held against the grammar, octet by octet: what is not valid ends the session, with the
//   place. So does what is valid and may not come then: EXPUNGE beyond the mailbox or during a FETCH, an answer to a
//   command that was not sent.
// - Bounded memory: a response has at most `IMAPClientLimits.frameOctets`, bodies may be streamed instead, and responses
//   are handed on one by one.
// - Commands may be pipelined; each answer is found by its tag.
// - Every wait has an end.
// - A password goes in the clear only to a peer on this machine.
