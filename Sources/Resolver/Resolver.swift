// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Where mail for a domain goes: the only part that asks the domain name system.
//
// Invariants:
// - Everything that comes from the network is read in the resolver's own process; others get values from it over a Unix
//   socket. What kills it loses no mail: the asker asks its successor.
// - An answer is data, no data, no name, null MX, or *later*. Only what a server said about the name itself, whole and
//   not found false by DNSSEC, is anything but *later*.
// - No question takes longer than `resolver/timeout`. TTLs are obeyed, names are absolute, and the number of aliases,
//   hosts and addresses that one answer can make us look at is bounded.
