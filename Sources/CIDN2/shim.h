// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <idn2.h>
#include <stdint.h>

/// The A-label form of a domain in UTF-8, for looking it up (RFC 5891 §5), to be freed with CIDN2_free; NULL when it
/// has none.
static inline uint8_t *CIDN2_lookup(const uint8_t *domain) {
    uint8_t *name = 0;
    int result = idn2_lookup_u8(domain, &name, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    return result == IDN2_OK ? name : 0;
}

static inline void CIDN2_free(uint8_t *name) { idn2_free(name); }
