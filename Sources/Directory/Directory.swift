// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The directory: who has mail here. Domains, accounts with their passwords and switches, and aliases, in one SQLite
// file that several processes open at once: service control and the CLI write it, the workers read it.
//
// What stays true:
// - The number of an account is given once and never to another account, whatever is removed.
// - An address is one account, one alias or one group. Every target at a domain of this server exists; chains of aliases,
//   groups and forwards are at most `AliasExpansion.maximumDepth` long and have no loops. The database refuses what would
//   break this.
// - SQLite is called on one thread of the directory's own, never on an event loop.
// - What another process changed is seen within `DirectoryCache.freshness`.
// - A question that cannot be answered is `temporary` or `unavailable`, never "no such user".
// - The time an answer to a log-on takes does not tell whether the user exists.
