// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// What was said between this server and others, for people who look for a fault.
//
// Invariants:
// - A trace is switched on by an administrator for a peer or a domain, and ends by itself: after a time, and at a size.
// - Passwords and what stands for them are masked before they get here; message content is kept only where that was
//   asked for.
// - Mail never waits for a trace: what the disk does not take in time is left out, and the trace says so.
// - Without a trace, a session costs one look.
