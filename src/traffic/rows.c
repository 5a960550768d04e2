// SPDX-License-Identifier: Apache-2.0
// rows.c - rows that grow in an arena, sums of parts, and dates as these services write them.
//
// A service that is asked for visits by several dimensions at once answers with their cross product. traffic_sums adds it up by each dimension: a hash table
// with open addressing over the rows themselves, twice as many places as rows. Visits add up because each has one value of each dimension; people do not.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/timestamp.h"
#include "traffic/source.h"

enum { FIRST_ROWS = 256, FIRST_SLOTS = 1024 };

static bool grow(struct traffic_rows *rows)
{
    size_t capacity = rows->capacity > 0 ? rows->capacity * 2 : FIRST_ROWS;
    if (rows->count >= TILL_LIMIT_TRAFFIC_ROWS)
        return false;
    struct traffic_row *list = arena_calloc(rows->arena, capacity, sizeof *list);
    if (!list)
        return false;
    if (rows->count > 0)
        memcpy(list, rows->list, rows->count * sizeof *list);
    rows->list = list;
    rows->capacity = capacity;
    return true;
}

struct traffic_row *traffic_rows_add(struct traffic_rows *rows, enum traffic_grain grain,
                                     struct civil_date date)
{
    if (rows->count == rows->capacity && !grow(rows))
        return NULL;
    struct traffic_row *row = &rows->list[rows->count++];
    *row = (struct traffic_row){.grain = grain,
                                .date = date,
                                .value = SV(""),
                                .visitors = TRAFFIC_UNTOLD,
                                .visits = TRAFFIC_UNTOLD,
                                .pageviews = TRAFFIC_UNTOLD,
                                .bounces = TRAFFIC_UNTOLD,
                                .clicks = TRAFFIC_UNTOLD,
                                .impressions = TRAFFIC_UNTOLD};
    return row;
}

enum till_code traffic_rows_fail(const struct traffic_rows *rows, struct till_error *e)
{
    if (rows->count < TILL_LIMIT_TRAFFIC_ROWS)
        return arena_fail(rows->arena, "an answer about web traffic", e);
    return TILL_FAIL(e, TILL_LIMIT, (long)rows->count, "an answer has more than %d rows",
                     TILL_LIMIT_TRAFFIC_ROWS);
}

void traffic_rows_finish(const struct traffic_rows *rows, const struct traffic_window *window,
                         struct civil_date covered_to, struct traffic_batch *ret_batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (traffic_date_before(rows->list[i].date, covered_to))
            rows->list[kept++] = rows->list[i];
    }
    ret_batch->rows = rows->list;
    ret_batch->row_count = kept;
    ret_batch->covered_to = covered_to;
    ret_batch->complete_before = window->today;
}

bool traffic_hours_first(const struct traffic_window *window, struct civil_date from,
                         struct civil_date to, struct civil_date *ret_first)
{
    struct civil_date first = civil_date_add_days(window->today, 1 - TRAFFIC_HOUR_DAYS);
    *ret_first = traffic_date_before(first, from) ? from : first;
    return traffic_date_before(*ret_first, to);
}

void traffic_hours_finish(const struct traffic_window *window, struct civil_date first,
                          struct civil_date to, struct traffic_batch *ret_batch)
{
    ret_batch->hours_from_us = zone_day_start_us(window->zone, first);
    ret_batch->hours_to_us = zone_day_start_us(window->zone, to);
}

struct sv traffic_value(const struct json *text, struct arena *arena)
{
    struct sv value;
    if (!json_text(text, &value))
        return SV("");
    value.len =
        value.len > TRAFFIC_VALUE_BYTES ? sv_utf8_cut(value, TRAFFIC_VALUE_BYTES) : value.len;
    char *copy = arena_copy(arena, value.ptr, value.len);
    if (!copy)
        return (struct sv){NULL, 0};
    for (size_t i = 0; i < value.len; i++) {
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = ' ';
    }
    struct sv result = {copy, value.len};
    while (result.len > 0) { // what is no UTF-8 becomes question marks
        bool is_valid = false;
        size_t step = sv_utf8_step(result, &is_valid);
        if (!is_valid)
            memset(copy + (value.len - result.len), '?', step);
        result.ptr += step;
        result.len -= step;
    }
    return sv_trim((struct sv){copy, value.len});
}

void traffic_add(int64_t *a, int64_t b)
{
    if (b < 0)
        return;
    if (*a < 0)
        *a = 0;
    if (__builtin_add_overflow(*a, b, a))
        *a = INT64_MAX;
}

// ---- sums ----

static uint64_t hash_of(const struct traffic_row *row)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    uint64_t head = (uint64_t)civil_date_to_days(row->date) * TRAFFIC_DIMENSION__COUNT +
                    (uint64_t)row->dimension;
    for (int i = 0; i < 8; i++)
        hash = (hash ^ ((head >> (8 * i)) & 0xff)) * 1099511628211u;
    for (size_t i = 0; i < row->value.len; i++)
        hash = (hash ^ (unsigned char)row->value.ptr[i]) * 1099511628211u;
    return hash ^ (hash >> 29);
}

static bool is_same(const struct traffic_row *a, const struct traffic_row *b)
{
    return a->grain == b->grain && a->dimension == b->dimension && a->date.day == b->date.day &&
           a->date.month == b->date.month && a->date.year == b->date.year &&
           sv_equal(a->value, b->value);
}

// The place of an equal row, or the free one where it belongs.
static size_t *slot_of(const struct traffic_sums *sums, const struct traffic_row *row)
{
    size_t at = (size_t)hash_of(row) & (sums->slot_count - 1);
    while (sums->slots[at] != 0 && !is_same(&sums->rows->list[sums->slots[at] - 1], row))
        at = (at + 1) & (sums->slot_count - 1);
    return &sums->slots[at];
}

// Only rows that were added here are found again: those of others may stand between.
static bool make_room(struct traffic_sums *sums)
{
    struct traffic_sums larger = *sums;
    if (sums->rows->count * 2 < sums->slot_count)
        return true;
    larger.slot_count = sums->slot_count > 0 ? sums->slot_count * 2 : FIRST_SLOTS;
    while (sums->rows->count * 2 >= larger.slot_count)
        larger.slot_count *= 2;
    larger.slots = arena_calloc(sums->rows->arena, larger.slot_count, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < sums->slot_count; i++) {
        if (sums->slots[i] != 0)
            *slot_of(&larger, &sums->rows->list[sums->slots[i] - 1]) = sums->slots[i];
    }
    *sums = larger;
    return true;
}

struct traffic_row *traffic_sums_at(struct traffic_sums *sums, enum traffic_grain grain,
                                    struct civil_date date, enum traffic_dimension dimension,
                                    struct sv value)
{
    struct traffic_row key = {.grain = grain, .date = date, .dimension = dimension, .value = value};
    if (!make_room(sums))
        return NULL;
    size_t *slot = slot_of(sums, &key);
    if (*slot != 0)
        return &sums->rows->list[*slot - 1];
    struct traffic_row *row = traffic_rows_add(sums->rows, grain, date);
    if (!row)
        return NULL;
    row->dimension = dimension;
    row->value = value;
    *slot = sums->rows->count;
    return row;
}

// ---- dates ----

void traffic_print_date(struct civil_date date, char ret_text[static TRAFFIC_DATE_BYTES])
{
    (void)snprintf(ret_text, TRAFFIC_DATE_BYTES, "%04d-%02d-%02d", date.year % 10000,
                   date.month % 100, date.day % 100);
}

int32_t traffic_days_between(struct civil_date from, struct civil_date to)
{
    return (int32_t)(civil_date_to_days(to) - civil_date_to_days(from));
}

bool traffic_date_before(struct civil_date a, struct civil_date b)
{
    return civil_date_to_days(a) < civil_date_to_days(b);
}

bool traffic_read_date(const struct json *text, struct civil_date *ret_date)
{
    struct sv sv;
    char date[11];
    if (!json_text(text, &sv) || sv.len < sizeof date - 1 ||
        (sv.len > sizeof date - 1 && sv.ptr[10] != ' ' && sv.ptr[10] != 'T'))
        return false;
    memcpy(date, sv.ptr, sizeof date - 1);
    date[sizeof date - 1] = '\0';
    return civil_date_parse(date, ret_date);
}

bool traffic_read_hour(const struct json *text, const struct zone *zone, int64_t before_us,
                       int64_t *ret_us)
{
    const int64_t hour_us = INT64_C(3600) * 1000000;
    struct sv label;
    char whole[TIMESTAMP_BYTES];
    int64_t local_us = 0;
    if (!json_text(text, &label) || label.len < 19)
        return false;
    (void)snprintf(whole, sizeof whole, "%.19sZ", label.ptr);
    if (!timestamp_parse(sv_of(whole), &local_us))
        return false;
    int64_t at_us = local_us - zone_offset_us(zone, local_us - zone_offset_us(zone, local_us));
    if (at_us == before_us && at_us + hour_us + zone_offset_us(zone, at_us + hour_us) == local_us)
        at_us += hour_us;
    *ret_us = at_us;
    return true;
}
