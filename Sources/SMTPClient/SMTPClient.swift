// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// SMTP (RFC 5321) and LMTP (RFC 2033), as a client.
//
// `LMTPClient` hands messages to workers of this machine; `SMTPOutbound` sends them to other servers. Both talk through
// `SMTPClientSession`, one connection.
//
// Invariants:
// - A message counts as taken only when the server said so for this recipient, after the end of the message.
// - An outcome says whether the end of the message had been sent without an answer: then it is in doubt, and whoever
//   keeps the ledger has been told before the end was sent.
// - Message data reaches the wire counted (BDAT), or through `DataEncoder`; no other way. It is changed only by
//   `MessageConversion`, and only for a server that cannot take it as it is.
// - While something is written, the server is listened to: what it says early is heard, and nobody waits for the other.
// - Every wait has an end, every reply a bound.
