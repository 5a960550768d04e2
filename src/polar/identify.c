// SPDX-License-Identifier: Apache-2.0
// identify.c - who is this token, and what may it read: found out by asking, because Polar does not tell.
//
// There is no introspection for organization tokens, so each list is asked for one row: 200 means that the scope is held, 403 names the
// scope that is missing. The first request goes alone: it warms the token up for Polar's limiter, and if the token is worth nothing there is no
// second one. The organization comes from its own row, or from any row of another table that names it.
// A token's write scopes cannot be seen from outside without writing. What can be seen is whether it opens lists that till never reads: then it
// was made with more than needed, and the owner is told that a narrower one is enough.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "decode/decode.h"
#include "polar/client.h"

static const struct {
    const char *path, *name;
} never_read[] = {
    {"/v1/files/", "files"},
    {"/v1/members/", "members"},
    {"/v1/custom-fields/", "custom fields"},
};

static void put_sv(char *target, size_t bytes, struct sv text)
{
    size_t len = text.len < bytes - 1 ? text.len : bytes - 1;
    while (len > 0 && len < text.len &&
           ((unsigned char)text.ptr[len] & 0xc0) == 0x80) // not inside a character
        len--;
    if (len > 0)
        memcpy(target, text.ptr, len);
    target[len] = '\0';
}

static void identify_organization(struct polar_identity *identity, struct sv body,
                                  struct arena *arena)
{
    struct sv text;
    if (decode_string_at(body, "items.0.name", arena, &text))
        put_sv(identity->organization_name, sizeof identity->organization_name, text);
    if (decode_string_at(body, "items.0.slug", arena, &text))
        put_sv(identity->organization_slug, sizeof identity->organization_slug, text);
    if (decode_string_at(body, "items.0.id", arena, &text))
        put_sv(identity->organization_id, sizeof identity->organization_id, text);
}

static void identify_from_row(struct polar_identity *identity, struct sv body, struct arena *arena)
{
    struct sv text;
    if (identity->organization_id[0])
        return;
    if (decode_string_at(body, "items.0.organization_id", arena, &text) ||
        decode_string_at(body, "items.0.customer.organization_id", arena, &text))
        put_sv(identity->organization_id, sizeof identity->organization_id, text);
}

// A probe that holds. The row count is a by-product: an answer that decode refuses leaves it unknown, and the access too.
static enum till_code identify_held(struct polar_identity *identity, struct polar_probe *probe,
                                    struct buf *body, struct till_error *e)
{
    AUTO_ARENA arena;
    struct decode_page page;
    struct sv text = {body->data, body->len};
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    if (probe->table->id == TABLE_organizations)
        identify_organization(identity, text, &arena);
    else
        identify_from_row(identity, text, &arena);
    enum till_code code =
        decode_page(probe->table, body, &arena, &page, &probe->error); // in place: last
    if (code == TILL_MEMORY) {
        *e = probe->error;
        return code;
    }
    probe->access = code ? POLAR_UNKNOWN : POLAR_HELD;
    probe->row_count = code ? -1 : page.total_count;
    return TILL_OK;
}

static enum till_code identify_take(struct polar_identity *identity, struct polar_probe *probe,
                                    struct request *request, struct till_error *e)
{
    struct polar_page *page = &request->page;
    enum till_code code = TILL_OK;
    identity->requests += page->requests;
    if (page->code == TILL_OK) {
        code = identify_held(identity, probe, &page->body, e);
    } else if (page->is_scope_missing) {
        probe->access = POLAR_MISSING;
        memcpy(probe->accepted_scopes, page->accepted_scopes, sizeof probe->accepted_scopes);
    } else {
        probe->error = page->error;
        if (page->status == 401 || page->code == TILL_MEMORY) {
            *e = page->error;
            code = e->code;
        }
    }
    polar_request_release(request);
    return code;
}

static enum till_code identify_submit(struct polar *polar, const struct table *table,
                                      struct request **ret_request, struct till_error *e)
{
    char query[128], what[96];
    snprintf(query, sizeof query, "limit=1%s%s", table->query[0] ? "&" : "", table->query);
    snprintf(what, sizeof what, "read %.40s", table->name);
    struct request_options options = {
        .path = table->path, .query = query, .what = what, .table = table, .is_internal = true};
    return polar_submit(polar, &options, ret_request, e);
}

// The first request, alone. What makes all others pointless ends it here: no connection, a token that is worth nothing, an address that is not Polar's.
static enum till_code identify_first(struct polar *polar, struct polar_identity *identity,
                                     struct till_error *e)
{
    struct polar_probe *probe = &identity->probes[TABLE_organizations];
    struct request *request = NULL;
    enum till_code code = identify_submit(polar, probe->table, &request, e);
    if (!code)
        code = polar_await(polar, request, e);
    if (code)
        return code;
    struct polar_page *page = &request->page;
    bool is_hopeless = page->code && !page->is_scope_missing && page->status < 429;
    if (is_hopeless) {
        *e = page->error;
        code = e->code;
        polar_request_release(request);
        return code;
    }
    return identify_take(identity, probe, request, e);
}

static enum till_code identify_tables(struct polar *polar, struct polar_identity *identity,
                                      struct till_error *e)
{
    struct request *requests[TABLE__COUNT] = {NULL};
    enum till_code code = TILL_OK;
    for (int id = 0; id < TABLE__COUNT && !code; id++)
        if (id != TABLE_organizations)
            code = identify_submit(polar, identity->probes[id].table, &requests[id], e);
    for (int id = 0; id < TABLE__COUNT && !code; id++) {
        if (!requests[id])
            continue;
        code = polar_await(polar, requests[id], e);
        if (!code)
            code = identify_take(identity, &identity->probes[id], requests[id], e);
    }
    return code;
}

static enum till_code identify_more(struct polar *polar, struct polar_identity *identity,
                                    struct till_error *e)
{
    struct request *requests[TILL_COUNT(never_read)] = {NULL};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(never_read) && !code; i++) {
        struct request_options options = {.path = never_read[i].path,
                                          .query = "limit=1",
                                          .what = never_read[i].name,
                                          .is_internal = true,
                                          .is_single_attempt = true};
        code = polar_submit(polar, &options, &requests[i], e);
    }
    for (size_t i = 0; i < TILL_COUNT(never_read) && !code; i++) {
        code = polar_await(polar, requests[i], e);
        if (code)
            break;
        identity->requests += requests[i]->page.requests;
        if (requests[i]->page.code == TILL_OK) {
            size_t len = strlen(identity->more_than_needed);
            snprintf(identity->more_than_needed + len, sizeof identity->more_than_needed - len,
                     "%s%s", len > 0 ? ", " : "", never_read[i].name);
            identity->has_more_than_needed = true;
        }
        polar_request_release(requests[i]);
    }
    return code;
}

static enum till_code identify_refuse_while_pending(const struct polar *polar, struct till_error *e)
{
    if (polar_pending(polar) == 0)
        return TILL_OK;
    return TILL_FAIL(e, TILL_USAGE, 0, "other requests are waiting");
}

enum till_code polar_identify(struct polar *polar, struct polar_identity *ret_identity,
                              struct till_error *e)
{
    struct polar_identity identity = {0};
    for (int id = 0; id < TABLE__COUNT; id++)
        identity.probes[id] = (struct polar_probe){
            .table = model_table((enum table_id)id), .access = POLAR_UNKNOWN, .row_count = -1};
    enum till_code code = identify_refuse_while_pending(polar, e);
    if (code)
        return code;
    code = identify_first(polar, &identity, e);
    if (!code)
        code = identify_tables(polar, &identity, e);
    if (!code)
        code = identify_more(polar, &identity, e);
    if (code)
        polar_cancel_all(polar);
    else
        *ret_identity = identity;
    return code;
}

enum till_code polar_knock(struct polar *polar, struct till_error *e)
{
    const struct table *table = model_table(TABLE_organizations);
    struct request_options options = {.path = table->path,
                                      .query = "limit=1",
                                      .what = "try the token",
                                      .table = table,
                                      .is_internal = true,
                                      .is_single_attempt = true};
    struct request *request = NULL;
    enum till_code code = polar_submit(polar, &options, &request, e);
    if (!code)
        code = polar_await(polar, request, e);
    if (code)
        return code;
    if (request->page.code &&
        !request->page.is_scope_missing) { // a missing scope still proves the token
        *e = request->page.error;
        code = e->code;
    }
    polar_request_release(request);
    return code;
}
