// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// POP3 (RFC 1939, RFC 2449) as a client.
//
// `POP3ClientSession` is one connection, used by one task.
//
// Invariants:
// - What the server sends is held against the grammar: what is not valid ends the session, with the place.
// - Messages are handed on piece by piece, with the stuffed dots taken off; nothing is kept.
// - Where the server allows it, commands go ahead of their answers, at most `POP3ClientLimits.window` at a time.
// - Every wait has an end.
// - A password goes in the clear only to a peer on this machine.
