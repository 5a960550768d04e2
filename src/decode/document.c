// SPDX-License-Identifier: Apache-2.0
// document.c - reads JSON with yyjson, once or, when some text is not valid Unicode, twice.
//
// The text is copied into the arena and parsed in place there, so that values stay valid as long as the arena, and nothing is freed one by one.
// A page with one bad string must not be lost as a whole: when the strict parse fails on a string, a second copy is parsed with invalid
// Unicode allowed, in which lone surrogate escapes and bare control characters were first turned into bytes that no UTF-8 text holds. The rows
// that hold such text are then found one by one (writer.c). yyjson neither recurses nor limits depth; values stand in one flat array in
// the order of the text, each container knowing its end, which makes the check of the depth one pass with a short stack.
#include "decode/document.h"

#include "base/limits.h"
#include "decode/credential.h"

static void *pool_malloc(void *context, size_t bytes)
{
    return arena_alloc(context, bytes);
}

static void *pool_realloc(void *context, void *old, size_t old_bytes, size_t bytes)
{
    if (bytes <= old_bytes)
        return old;
    void *memory = arena_alloc(context, bytes);
    return memory ? memcpy(memory, old, old_bytes) : NULL;
}

static void pool_free(void *context, void *memory)
{
    (void)context;
    (void)memory; // goes with the arena
}

// The value of \uXXXX at `at`, or -1.
static int32_t escape_unit(const char *at, const char *end)
{
    int32_t unit = 0;
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = at[i];
        int32_t digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

// Overwrites `count` bytes with what no UTF-8 text holds; returns what is behind them.
static char *mark(char *at, size_t count)
{
    memset(at, 0xFF, count);
    return at + count;
}

// The escape at `at`: a lone surrogate is marked, others are stepped over.
static char *mark_escape(char *at, const char *end)
{
    int32_t unit = escape_unit(at, end);
    if (unit < 0xD800 || unit > 0xDFFF)
        return at + 2; // so that "\\" is not read as the start of the next escape
    int32_t next = escape_unit(at + 6, end);
    if (unit <= 0xDBFF && next >= 0xDC00 && next <= 0xDFFF)
        return at + 12;
    return mark(at, 6);
}

// Marks lone surrogate escapes (an error even when invalid Unicode is allowed) and bare control characters (which are let through then).
static void mark_bad_text(char *text, size_t len)
{
    const char *end = text + len;
    bool is_in_string = false;
    for (char *at = text; at < end;) {
        if (*at == '\\') {
            at = mark_escape(at, end);
        } else if (is_in_string && (unsigned char)*at < 0x20) {
            at = mark(at, 1);
        } else {
            is_in_string ^= *at == '"';
            at++;
        }
    }
}

static bool is_too_deep(yyjson_doc *doc)
{
    yyjson_val *ends[TILL_LIMIT_JSON_DEPTH];
    size_t depth = 0;
    yyjson_val *at = yyjson_doc_get_root(doc);
    yyjson_val *end = unsafe_yyjson_get_next(at);
    for (; at < end; at++) {
        if (!unsafe_yyjson_is_ctn(at))
            continue;
        while (depth > 0 && at >= ends[depth - 1])
            depth--;
        if (depth == TILL_LIMIT_JSON_DEPTH)
            return true;
        ends[depth++] = unsafe_yyjson_get_next(at);
    }
    return false;
}

static bool has_unicode_escape(struct sv text)
{
    const char *end = text.ptr + text.len;
    const char *at = text.ptr;
    while (at < end && (at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        if (at + 1 < end && at[1] == 'u')
            return true;
        at += 2;
    }
    return false;
}

static yyjson_doc *parse_copy(struct sv body, struct arena *arena, struct arena *pool,
                              bool is_lenient, yyjson_read_err *failure)
{
    const yyjson_alc allocator = {pool_malloc, pool_realloc, pool_free, pool};
    yyjson_read_flag flags = YYJSON_READ_INSITU | YYJSON_READ_NUMBER_AS_RAW;
    char *copy = arena_alloc(arena, body.len + YYJSON_PADDING_SIZE);
    *failure = (yyjson_read_err){.code = YYJSON_READ_ERROR_MEMORY_ALLOCATION};
    if (!copy)
        return NULL;
    if (body.len > 0)
        memcpy(copy, body.ptr, body.len);
    memset(copy + body.len, 0, YYJSON_PADDING_SIZE);
    if (is_lenient) {
        flags |= YYJSON_READ_ALLOW_INVALID_UNICODE;
        mark_bad_text(copy, body.len);
    }
    return yyjson_read_opts(copy, body.len, flags, &allocator, failure);
}

static enum till_code fail_parse(struct sv body, const struct arena *arena,
                                 const yyjson_read_err *failure, struct till_error *e)
{
    if (failure->code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return arena_fail(arena, "JSON", e);
    struct sv start = sv_trim(body);
    if (start.len == 0) {
        (void)TILL_FAIL(e, TILL_FORMAT, 0, "the answer is empty");
    } else if (start.ptr[0] == '<') {
        (void)TILL_FAIL(e, TILL_FORMAT, 0, "the answer is a web page, not JSON");
    } else {
        (void)TILL_FAIL(e, TILL_FORMAT, 0, "the answer is not JSON: %s at byte %zu of %zu",
                        failure->msg, failure->pos, body.len);
    }
    return till_error_hint(e, "something between here and the service may have answered in its "
                              "place; try again, and check proxies if it stays");
}

enum till_code document_parse(struct sv body, struct arena *arena, struct arena *pool,
                              struct document *ret_document, struct till_error *e)
{
    static const char byte_order_mark[] = {'\xEF', '\xBB', '\xBF'};
    yyjson_read_err failure;
    bool is_lenient = false;
    if (body.len >= 3 && memcmp(body.ptr, byte_order_mark, 3) == 0)
        body =
            (struct sv){body.ptr + 3, body.len - 3}; // RFC 8259 section 8.1 lets a reader skip it
    yyjson_doc *doc = parse_copy(body, arena, pool, false, &failure);
    if (!doc && failure.code == YYJSON_READ_ERROR_INVALID_STRING) {
        is_lenient = true;
        doc = parse_copy(body, arena, pool, true, &failure);
    }
    if (!doc)
        return fail_parse(body, pool->failure ? pool : arena, &failure, e);
    if (is_too_deep(doc)) {
        (void)TILL_FAIL(e, TILL_FORMAT, TILL_LIMIT_JSON_DEPTH,
                        "the answer is nested deeper than %d levels", TILL_LIMIT_JSON_DEPTH);
        return till_error_hint(e, "this is not an answer that the service gives; check proxies and "
                                  "the configured address");
    }
    *ret_document = (struct document){
        .root = yyjson_doc_get_root(doc),
        .has_bad_unicode = is_lenient,
        .has_escapes = has_unicode_escape(body),
    };
    ret_document->has_credentials = ret_document->has_escapes || credential_may_be_in(body);
    return TILL_OK;
}
