// SPDX-License-Identifier: Apache-2.0
// rows.c - single rows by id: whether one still exists, and what it is now.
//
// A row is gone only when Polar itself says so: 404 with {"error":"ResourceNotFound"} on the address of the row (any other 404 is a wrong address, a retired
// version or something in between), or, for refunds, which have no such address, an empty list that says that it is empty.
#include <stdio.h>
#include <string.h>

#include "decode/decode.h"
#include "polar/client.h"

static bool is_uuid(struct sv id)
{
    if (id.len != POLAR_ID_BYTES - 1)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (i == 8 || i == 13 || i == 18 || i == 23 ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

// A row is gone only when the answer proves it: an empty list that says that it is empty. A list ignores filters that it does not know, so the id is
// compared as well.
static enum till_code row_judge_list(struct request *request, struct sv id, bool *ret_exists,
                                     struct till_error *e)
{
    AUTO_ARENA arena;
    struct decode_page page;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    enum till_code code = decode_page(request->table, &request->page.body, &arena, &page, e);
    if (code)
        return till_error_context(e, "could not %s", request->what);
    if (page.row_count == 1 && sv_equal_ignoring_case(row_id(&page.rows[0]), id))
        *ret_exists = true;
    else if (page.row_count == 0 && page.reject_count == 0 && page.total_count == 0)
        *ret_exists = false;
    else
        return TILL_FAIL(e, TILL_FORMAT, 200, "could not %s: the answer holds other rows",
                         request->what);
    return TILL_OK;
}

static enum till_code row_judge_one(struct request *request, struct sv id, bool *ret_exists,
                                    struct till_error *e)
{
    AUTO_ARENA arena;
    struct sv text;
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    struct sv body = {request->page.body.data, request->page.body.len};
    if (!decode_string_at(body, "id", &arena, &text) || !sv_equal_ignoring_case(text, id))
        return TILL_FAIL(e, TILL_FORMAT, 200, "could not %s: the answer is another row",
                         request->what);
    *ret_exists = true;
    return TILL_OK;
}

static enum till_code row_judge(struct request *request, bool is_list, struct sv id,
                                bool *ret_exists, struct till_error *e)
{
    const struct polar_page *page = &request->page;
    if (page->code == TILL_OK)
        return is_list ? row_judge_list(request, id, ret_exists, e)
                       : row_judge_one(request, id, ret_exists, e);
    if (!is_list && page->is_gone) {
        *ret_exists = false;
        return TILL_OK;
    }
    *e = page->error;
    return e->code;
}

enum till_code polar_row_exists(struct polar *polar, const struct table *table, struct sv id,
                                bool *ret_exists, struct till_error *e)
{
    char path[128], query[128] = "", what[96];
    bool is_list =
        table->id == TABLE_refunds; // has no address for a single row, but takes ids in its list
    if (!is_uuid(id))
        return TILL_FAIL(e, TILL_USAGE, 0, "\"" SV_FORMAT "\" is not an id",
                         (int)(id.len < 60 ? id.len : 60), id.ptr);
    snprintf(path, sizeof path, "%s" SV_FORMAT, table->path, is_list ? 0 : (int)id.len, id.ptr);
    if (is_list)
        snprintf(query, sizeof query, "limit=1&id=" SV_FORMAT, SV_ARGS(id));
    snprintf(what, sizeof what, "look up a row of %.40s", table->name);
    struct request_options options = {
        .path = path, .query = query, .what = what, .table = table, .is_internal = true};
    struct request *request = NULL;
    enum till_code code = polar_submit(polar, &options, &request, e);
    if (!code)
        code = polar_await(polar, request, e);
    if (code)
        return code;
    code = row_judge(request, is_list, id, ret_exists, e);
    polar_request_release(request);
    return code;
}

enum till_code polar_row_submit(struct polar *polar, const struct table *table, struct sv id,
                                uint64_t tag, struct till_error *e)
{
    char path[128], what[96];
    if (!is_uuid(id) || !table->has_row_path)
        return TILL_FAIL(e, TILL_USAGE, 0, "a row of %s cannot be asked for by \"" SV_FORMAT "\"",
                         table->name, (int)(id.len < 60 ? id.len : 60), id.ptr);
    (void)snprintf(path, sizeof path, "%s" SV_FORMAT, table->path, SV_ARGS(id));
    (void)snprintf(what, sizeof what, "read a row of %.40s", table->name);
    struct request_options options = {
        .path = path, .query = "", .what = what, .table = table, .tag = tag};
    return polar_submit(polar, &options, NULL, e);
}
