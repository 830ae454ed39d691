// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The text sidecar: the searchable texts of an account's messages, beside its log (docs/store-format.md, "Search
// sidecar"). SEARCH is a search for substrings, so the texts themselves are kept, folded by `MessageFormat`, and looked
// through with memmem; filters over the grams of each block say which blocks need not be.
//
// Invariants of this module:
// - Everything here is derived. What is missing, damaged or of another version is left out and made again; no octet on
//   disk can trap, or change what is found: a text counts only when its checksum holds.
// - A sidecar is written by one task at a time. Searches go on meanwhile, over what was there when they began.
// - Nothing is ever synced: after a power cut a sidecar may be older, or damaged, and is mended like any other damage.
// - All file access blocks; callers bring a thread for it.
