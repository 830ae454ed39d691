// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The grammar of SMTP (RFC 5321) and LMTP (RFC 2033): commands, replies, and the framing of message data. Pure: octets
// in, values out; no sockets, no clock, no tasks.
//
// Invariants:
// - No octets of a peer can trap. Every count and every length has a bound.
// - Only CR LF ends a line of message data, and only CR LF "." CR LF ends the data (RFC 5321 §4.1.1.4). A CR or LF on
//   its own is never a line end; it is reported with its position.
// - The encoder and the decoder of message data keep their whole state in one value, so that it makes no difference
//   where a message is cut into buffers.
// - A reply has one severity, from which its code and its enhanced status code both come.
