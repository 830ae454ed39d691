// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The operations of the admin API on mail. They are done by the process that owns the accounts: a back-end while the
// server runs (the admin worker forwards to it), the command line itself otherwise. They are written once, here, against
// `MailStore` and `JournalStore`.
//
// Paths within: `v1/mail/:account-number/...` and `v1/stores/:number/...`; `MailGateway` makes them from what callers
// ask for.
