// SPDX-License-Identifier: Apache-2.0
// fetch.c - asks, waits, decodes; asks again when an answer makes no sense.
//
// http has already retried what transport and service may cure. What is left here is the answer that passed as whole and is not: HTML with status 200, a
// body that was cut. Nothing of such an answer is used; after FETCH_ATTEMPTS the table fails with FORMAT.
#include "sync/fetch.h"

#include <string.h>

#include "base/limits.h"

enum { FETCH_ATTEMPTS = 3 };

static enum till_code take(const struct table *table, struct polar_page *answer, bool is_row,
                           struct arena *arena, struct fetch_answer *ret, struct till_error *e)
{
    struct sv body = {answer->body.data, answer->body.len};
    ret->is_scope_missing = answer->is_scope_missing;
    memcpy(ret->accepted_scopes, answer->accepted_scopes, sizeof ret->accepted_scopes);
    ret->is_gone = answer->is_gone;
    if (is_row && answer->is_gone)
        return TILL_OK;
    if (answer->code) {
        *e = answer->error;
        return answer->code;
    }
    return is_row ? decode_object(table, body, arena, &ret->page, e)
                  : decode_page(table, &answer->body, arena, &ret->page, e);
}

enum till_code fetch_page(const struct sync_options *options, const struct polar_list *list,
                          struct arena *arena, struct fetch_answer *ret_answer,
                          struct till_error *e)
{
    enum till_code code = TILL_FORMAT;
    for (int attempt = 0; attempt < FETCH_ATTEMPTS && code == TILL_FORMAT; attempt++) {
        struct polar_page answer = {0};
        till_error_clear(e);
        arena_reset(arena);
        *ret_answer = (struct fetch_answer){.asked_us = clock_now_us(options->clock)};
        code = polar_list_submit(options->polar, list, e);
        if (code == TILL_OK)
            code = polar_list_next(options->polar, &answer, e);
        if (code == TILL_OK)
            code = take(list->table, &answer, false, arena, ret_answer, e);
        polar_page_release(&answer);
    }
    return code;
}

struct row_fetch {
    const struct sync_options *options;
    const struct table *table;
    const struct sv *ids;
    size_t count, next;
    int under_way;
    int64_t asked_us[TILL_LIMIT_IN_FLIGHT]; // by slot
    size_t index[TILL_LIMIT_IN_FLIGHT];
    int attempts[TILL_LIMIT_IN_FLIGHT]; // 0 = the slot is free
};

static enum till_code ask(struct row_fetch *fetch, size_t slot, struct till_error *e)
{
    fetch->asked_us[slot] = clock_now_us(fetch->options->clock);
    fetch->attempts[slot] += 1;
    return polar_row_submit(fetch->options->polar, fetch->table, fetch->ids[fetch->index[slot]],
                            slot, e);
}

static enum till_code ask_ahead(struct row_fetch *fetch, struct till_error *e)
{
    for (size_t slot = 0; slot < (size_t)fetch->options->in_flight && fetch->next < fetch->count;
         slot++) {
        if (fetch->attempts[slot] > 0)
            continue;
        fetch->index[slot] = fetch->next++;
        fetch->under_way += 1;
        enum till_code code = ask(fetch, slot, e);
        if (code)
            return code;
    }
    return TILL_OK;
}

static enum till_code fetch_next(struct row_fetch *fetch, struct arena *arena,
                                 fetch_row_callback *callback, void *context, struct till_error *e)
{
    struct polar_page answer = {0};
    enum till_code code = polar_list_next(fetch->options->polar, &answer, e);
    if (code)
        return code;
    size_t slot = (size_t)answer.tag;
    struct fetch_answer row = {.asked_us = fetch->asked_us[slot]};
    arena_reset(arena);
    code = take(fetch->table, &answer, true, arena, &row, e);
    polar_page_release(&answer);
    if (code == TILL_FORMAT && fetch->attempts[slot] < FETCH_ATTEMPTS) {
        till_error_clear(e);
        return ask(fetch, slot, e);
    }
    if (code)
        return code;
    fetch->attempts[slot] = 0;
    fetch->under_way -= 1;
    return callback(context, fetch->ids[fetch->index[slot]], &row, e);
}

enum till_code fetch_rows(const struct sync_options *options, const struct table *table,
                          const struct sv *ids, size_t count, fetch_row_callback *callback,
                          void *context, struct till_error *e)
{
    struct row_fetch fetch = {.options = options, .table = table, .ids = ids, .count = count};
    AUTO_ARENA arena;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = TILL_OK;
    while (code == TILL_OK && (fetch.next < count || fetch.under_way > 0)) {
        code = ask_ahead(&fetch, e);
        if (code == TILL_OK)
            code = fetch_next(&fetch, &arena, callback, context, e);
    }
    if (code)
        polar_cancel_all(options->polar);
    return code;
}
