// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <unicase.h>
#include <uninorm.h>

/// Writes what RFC 5051 §2, step 2, makes of one code point to `mapped`, which has room for `room` of them: its simple
/// titlecase mapping, decomposed of any kind until nothing is left to be. How many these are; 0 when they do not fit,
/// which 32 always do: no code point of Unicode becomes more than 18.
static inline size_t CUnistring_casemap(uint32_t code, uint32_t *mapped, size_t room) {
    // What is left to be looked at, the next one last. Each step takes one away and puts at most 32 in its place.
    ucs4_t waiting[4 * UC_DECOMPOSITION_MAX_LENGTH];
    size_t count = 0, made = 0;
    waiting[count++] = uc_totitle(code);
    while (count > 0) {
        ucs4_t next = waiting[--count], parts[UC_DECOMPOSITION_MAX_LENGTH];
        int kind = 0, length = uc_decomposition(next, &kind, parts);
        if (length <= 0) {
            if (made == room) return 0;
            mapped[made++] = next;
            continue;
        }
        if (count + (size_t)length > sizeof waiting / sizeof *waiting) return 0;
        while (length > 0) waiting[count++] = parts[--length];
    }
    return made;
}
