// SPDX-License-Identifier: Apache-2.0
// render_out.h - appending JSON fast: literals, numbers, instants, ids and quoted text straight into a sim_out.
//
// Every put_* reserves room once and writes into place; nothing goes through printf. A failed allocation turns the
// output into one that swallows everything, so callers look once, at the end.
#ifndef SIM_RENDER_OUT_H
#define SIM_RENDER_OUT_H

#include "world_parts.h"

#include <string.h>

// Makes room for n more bytes; false when memory ran out (now or before).
bool out_grow(struct sim_out *out, size_t n);

static inline bool out_room(struct sim_out *out, size_t n)
{
    return (!out->failed && n <= out->capacity - out->len) || out_grow(out, n);
}

static inline void put_bytes(struct sim_out *out, const char *data, size_t len)
{
    if (!out_room(out, len))
        return;
    memcpy(out->data + out->len, data, len);
    out->len += len;
}

#define PUT(out, literal) put_bytes((out), "" literal, sizeof(literal) - 1)

void put_int(struct sim_out *out, int64_t value);
// RFC 3339 with six fraction digits, or none when they are zero; null for 0.
void put_time(struct sim_out *out, int64_t at_us);
// Quoted; null for SIM_NO_ROW.
void put_id(struct sim_out *out, const struct sim_world *w, unsigned kind, uint64_t index);
void put_text(struct sim_out *out, const char *text, size_t len);
// Quoted and escaped; null for NULL.
void put_string(struct sim_out *out, const char *text);
void put_bool(struct sim_out *out, bool value);
// value / 10^digits, trailing zeros kept.
void put_decimal(struct sim_out *out, int64_t value, int digits);

static inline void put_fragment(struct sim_out *out, const struct fragment *fragment)
{
    put_bytes(out, fragment->text, fragment->len);
}

#define PUT_INT(out, key, value)    (PUT(out, ",\"" key "\":"), put_int((out), (value)))
#define PUT_TIME(out, key, value)   (PUT(out, ",\"" key "\":"), put_time((out), (value)))
#define PUT_STRING(out, key, value) (PUT(out, ",\"" key "\":"), put_string((out), (value)))
#define PUT_BOOL(out, key, value)   (PUT(out, ",\"" key "\":"), put_bool((out), (value)))
#define PUT_ID(out, w, key, kind, index)                                                           \
    (PUT(out, ",\"" key "\":"), put_id((out), (w), (kind), (index)))

#endif
