// SPDX-License-Identifier: Apache-2.0
// answers.c - the shapes of answers: errors, cached documents with their tags, files of the dashboard.
//
// Every answer carries the same strict policy: nothing from outside, no inline code, no framing, nothing told to other sites. Files whose names change with
// their content may be kept for ever; pages and data are asked for again each time, with a tag that makes that cheap.
#include <stdio.h>
#include <string.h>

#include "serve/assets.h"
#include "serve/server.h"

const struct web_field serve_fields[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
     "connect-src 'self'; font-src 'none'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"X-Frame-Options", "DENY"},
};
const size_t serve_field_count = TILL_COUNT(serve_fields);

void answer_error(struct web_answer *answer, int status, const struct till_error *e)
{
    buf_reset(&answer->body);
    answer->status = status;
    api_error_json(&answer->body, e);
}

void answer_refusal(struct web_answer *answer, int status, enum till_code code, const char *text)
{
    struct till_error e = {0};
    (void)!TILL_FAIL(&e, code, status, "%s", text);
    answer_error(answer, status, &e);
}

// Is the tag (with its quotes) in a list such as `W/"a", "b"`?
static bool is_in_list(const char *list, const char *tag)
{
    struct sv rest = sv_of(list), part;
    while (rest.ptr && sv_split(&rest, ',', &part)) {
        part = sv_trim(part);
        if (sv_starts_with(part, SV("W/")))
            part = (struct sv){part.ptr + 2, part.len - 2};
        if (sv_equal(part, sv_of(tag)) || sv_equal(part, SV("*")))
            return true;
    }
    return false;
}

void answer_cached(struct web_answer *answer, struct cached *cached, const char *if_none_match)
{
    answer->cache = "private, no-cache";
    answer->lasting = (struct sv){cached->body.data ? cached->body.data : "", cached->body.len};
    answer->done = cached_drop;
    answer->done_context = cached_keep(cached);
    web_answer_field(answer, "ETag", cached->tag);
    answer->status = 200;
    if (if_none_match[0] && is_in_list(if_none_match, cached->tag)) {
        answer->status = 304;
        answer->lasting.len = 0;
    }
}

// ---- files ----

static bool takes_gzip(struct sv accepted)
{
    struct sv rest = accepted, part;
    while (rest.ptr && rest.len > 0 && sv_split(&rest, ',', &part)) {
        struct sv name = {NULL, 0}, weight = part;
        (void)sv_split(&weight, ';', &name);
        weight = weight.ptr ? sv_trim(weight) : SV("");
        if (sv_equal_ignoring_case(sv_trim(name), SV("gzip")))
            return !sv_equal(weight, SV("q=0")) && !sv_starts_with(weight, SV("q=0.000"));
    }
    return false;
}

// A page is named by its path alone; what has a dot in its last part is a file.
static bool is_page(struct sv path)
{
    const char *slash = memrchr(path.ptr, '/', path.len);
    size_t from = slash ? (size_t)(slash - path.ptr) : 0;
    return memchr(path.ptr + from, '.', path.len - from) == NULL;
}

void answer_page(struct serve *serve, const struct web_request *request, struct web_answer *answer)
{
    const struct serve_asset *asset = serve_asset_find(request->target);
    if (!asset && is_page(request->target))
        asset = serve_asset_find(SV("/index.html"));
    if (!asset) {
        answer_refusal(answer, 404, TILL_USAGE, "there is nothing here");
        return;
    }
    struct sv accepted = web_header(request, "Accept-Encoding");
    struct sv known = web_header(request, "If-None-Match");
    bool is_packed = asset->packed && takes_gzip(accepted);
    // A tag names one form of a file: "..." or "...-gzip".
    (void)snprintf(serve->scratch, sizeof(serve->scratch), "%.*s%s", (int)strlen(asset->etag) - 1,
                   asset->etag, is_packed ? "-gzip\"" : "\"");
    answer->status = 200;
    answer->type = asset->type;
    answer->cache = asset->is_immutable ? "public, max-age=31536000, immutable" : "no-cache";
    answer->lasting = is_packed ? (struct sv){(const char *)asset->packed, asset->packed_bytes}
                                : (struct sv){(const char *)asset->plain, asset->plain_bytes};
    web_answer_field(answer, "ETag", serve->scratch);
    if (asset->packed)
        web_answer_field(answer, "Vary", "Accept-Encoding");
    if (is_packed)
        web_answer_field(answer, "Content-Encoding", "gzip");
    if (known.ptr && known.len < TAG_LIST_BYTES && is_in_list(known.ptr, serve->scratch)) {
        answer->status = 304;
        answer->lasting.len = 0;
    }
}
