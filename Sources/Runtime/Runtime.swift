// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The runtime: event loops, sockets, TLS, timers, signals, child processes, threads for blocking work.
//
// Invariants of this module:
// - A connection belongs to one loop and one task. While it reads, parses and answers, nothing hops to another thread.
// - Every wait has a time-out, every buffer a cap, every write back-pressure.
// - `Connection` is not Sendable; only `EventLoop`, `Notifier` and values cross threads.
// - What a peer sends cannot trap: the worst it gets is a thrown `IOError`.
// - Blocking calls run on `BlockingPool` threads or on threads of their own, never on a loop.
