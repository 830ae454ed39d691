// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// The formats in which other programs keep mailboxes in files: mbox and Maildir. Pure: octets in, octets out.
//
// Nothing here traps or gives up on foreign octets: what is odd is counted, and the rest goes on.
