// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// IMAP as a service over a `Connection`, in two halves that may run in one process or in two.
///
/// `IMAPPreAuthentication` speaks with strangers: greeting, STARTTLS, log-on, all within a budget. `IMAPSession` speaks
/// with a user whose account is open. A front-end runs the first and relays to a back-end that runs the second;
/// `IMAPDirectServer` runs both on one connection. What a client sees is the same but for the greeting.
///
/// Invariants:
/// - No octet from the network and no damage in the store ends a session: a command that cannot be done is answered NO
///   or BAD, and the next command works. Only time-outs, LOGOUT, spent budgets and lost connections end sessions.
/// - A session sees the mailbox through a `MailboxView` of its own. Sequence numbers change only where EXPUNGE
///   responses tell of it, and those are sent only where RFC 9051 §7.5.1 allows them.
/// - Memory per session is bounded: message texts are streamed from the store to the client and from the client to the
///   staging, and answers leave as they are made.
/// - Every response is made by an encoder of `IMAPWire` or of `Encoding/`, so that all of them are valid.
/// - A NO or BAD is made in one place, `FailureReply`, from what a handler threw.
package enum IMAPServer {}
