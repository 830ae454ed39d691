// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <stringprep.h>

/// Prepares the NUL-terminated UTF-8 text in `buffer`, which has room for `size` octets, by SASLprep (RFC 4013), in
/// place. 0, or nothing useful in the buffer: the text is not UTF-8, has characters that are prohibited, or does not
/// fit. With `stored` not 0, unassigned code points are refused too (RFC 3454 §7).
static inline int CStringPrep_saslprep(char *buffer, size_t size, int stored) {
    int flags = stored ? STRINGPREP_NO_UNASSIGNED : 0;
    return stringprep(buffer, size, (Stringprep_profile_flags)flags, stringprep_saslprep);
}
