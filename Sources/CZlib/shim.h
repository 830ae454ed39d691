// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string.h>
#include <zlib.h>

// What zlib has as macros. Raw DEFLATE (RFC 1951), as RFC 4978 asks for: without zlib's header and checksum.

static inline int CZlib_deflateInit(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
}

static inline int CZlib_inflateInit(z_stream *stream) {
    memset(stream, 0, sizeof *stream);
    return inflateInit2(stream, -15);
}
