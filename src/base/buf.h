// SPDX-License-Identifier: Apache-2.0
// buf.h - a growing byte buffer that is born with its ceiling.
//
// After a failed append (no memory, or the ceiling) the buffer keeps what it had, remembers the failure, and ignores later appends; callers may
// append many pieces and check once with buf_fail(). data is always NUL-terminated when not NULL. Buffers that hold secrets use buf_wipe().
#ifndef TILL_BASE_BUF_H
#define TILL_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/sv.h"

struct buf {
    char *data;
    size_t len, capacity, limit_bytes;
    enum till_code failure; // TILL_OK, TILL_MEMORY or TILL_LIMIT
};

void buf_init(struct buf *buf, size_t limit_bytes);
void buf_release(struct buf *buf); // accepts a zeroed one
void buf_wipe(struct buf *buf);    // overwrites, then releases
void buf_reset(struct buf *buf);   // empty, memory kept, failure forgotten
enum till_code buf_reserve(struct buf *buf, size_t more_bytes);
void buf_append(struct buf *buf, const void *data, size_t len);
void buf_sv(struct buf *buf, struct sv text);
void buf_text(struct buf *buf, const char *text);
void buf_char(struct buf *buf, char c);
void buf_repeat(struct buf *buf, char c, size_t count);
void buf_int(struct buf *buf, int64_t value);
void buf_format(struct buf *buf, const char *format, ...) TILL_PRINTF(2, 3);
// JSON string with quotes and escapes; bytes that are not UTF-8 become U+FFFD.
void buf_json_string(struct buf *buf, struct sv text);
// Sets e when an append failed; TILL_OK otherwise.
enum till_code buf_fail(const struct buf *buf, const char *what, struct till_error *e);

#define AUTO_BUF struct buf TILL_CLEANUP(buf_release)

#endif
