// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Mail as an SQLite file for people who want SQL (docs/store-export.md). Written once, from an export; never read back:
// the store's truth is its journal.
