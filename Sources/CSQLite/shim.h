// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <sqlite3.h>

/// Binds `count` octets of UTF-8 and copies them; SQLITE_TRANSIENT is a cast that Swift cannot import.
static inline int CSQLite_bind_text(sqlite3_stmt *statement, int index, const char *text, int count) {
    return sqlite3_bind_text(statement, index, text, count, SQLITE_TRANSIENT);
}
