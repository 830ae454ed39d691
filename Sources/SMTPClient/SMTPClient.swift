// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// SMTP (RFC 5321) and LMTP (RFC 2033), as a client.
//
// Invariants:
// - A message counts as taken only when the server said so for this recipient.
// - An error says whether the end of the message had been sent: then the outcome is in doubt, and only a repetition that
//   the server can recognise is safe.
// - Message data reaches the wire counted (BDAT), or through `DataEncoder`; no other way.
// - Every wait has an end.
