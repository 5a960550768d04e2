// SPDX-License-Identifier: Apache-2.0
// timestamp.h - UTC timestamps: what services send, and the one form that the database holds.
//
// Stored form: YYYY-MM-DDTHH:MM:SS.ffffffZ, always 27 bytes, so that text order is time order. Proleptic Gregorian, years 0001-9999,
// no leap seconds (":60" is refused).
#ifndef TILL_BASE_TIMESTAMP_H
#define TILL_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sv.h"

enum { TIMESTAMP_BYTES = 27 };

// RFC 3339: 'T' or ' ', 0-9 fraction digits (beyond six they are cut), 'Z' or an offset.
bool timestamp_parse(struct sv text, int64_t *ret_unix_us);
// The stored form and a NUL. False (and an untouched buffer) outside of years 1-9999.
bool timestamp_format(int64_t unix_us, char ret_text[static TIMESTAMP_BYTES + 1]);
// HTTP dates (RFC 9110: IMF-fixdate and the two obsolete forms), to seconds.
bool timestamp_parse_http(struct sv text, int64_t *ret_unix_seconds);

#endif
