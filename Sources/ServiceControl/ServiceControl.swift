// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Service control: binds the ports, starts the workers with them, restarts what dies, and says so.
//
// Invariants of this module:
// - It does no protocol work. What it reads comes from its own workers and from its own files, and is bounded.
// - Listening sockets are its own and outlive every worker: while a worker is away, connections wait in the queue of
//   the socket and nobody is refused.
// - Every death is an event (4097), every restart and every giving up too (7031, 7034).
// - What a worker was working on when it died twice is set aside (4116), so that no item can keep a service down.
