// SPDX-License-Identifier: Apache-2.0
// writer.c - compact JSON out of yyjson's flat array of values, without recursion and without an intermediate tree.
//
// Nested values are written anew rather than cut out of the answer: white space, escapes and the like then never count as a change of a row.
// Numbers are copied as they came, so no digit is lost. Nearly all strings hold nothing that needs an escape, which yyjson knows of
// each: those are one memcpy(). Text grows inside a chunk of the arena; when it does not fit, what was written of it moves to a larger chunk.
#include "decode/writer.h"

#include "base/buf.h"
#include "base/limits.h"
#include "decode/credential.h"
#include "decode/document.h"
#include "model/model.h"

enum { WRITER_CHUNK_BYTES = 16 * 1024, ESCAPED_BYTES = 6 };

void writer_init(struct writer *writer, struct arena *arena, size_t first_bytes,
                 const struct document *document)
{
    *writer = (struct writer){.arena = arena, .document = document};
    writer->start = writer->at = arena_alloc(arena, first_bytes);
    if (writer->start)
        writer->end = writer->start + first_bytes;
    else
        writer->problem = WRITER_MEMORY;
}

void writer_begin(struct writer *writer)
{
    writer->start = writer->at;
    writer->problem = WRITER_OK;
}

struct sv writer_end(struct writer *writer)
{
    return (struct sv){writer->start, (size_t)(writer->at - writer->start)};
}

static void report(struct writer *writer, enum writer_problem problem)
{
    if (writer->problem == WRITER_OK)
        writer->problem = problem;
}

static bool grow(struct writer *writer, size_t more_bytes)
{
    size_t written = (size_t)(writer->at - writer->start);
    size_t bytes = (written + more_bytes) * 2; // both are at most an answer's size
    if (bytes < WRITER_CHUNK_BYTES)
        bytes = WRITER_CHUNK_BYTES;
    char *chunk = arena_alloc(writer->arena, bytes);
    if (!chunk) {
        report(writer, WRITER_MEMORY);
        return false;
    }
    if (written > 0)
        memcpy(chunk, writer->start, written);
    writer->start = chunk;
    writer->at = chunk + written;
    writer->end = chunk + bytes;
    return true;
}

static inline bool reserve(struct writer *writer, size_t more_bytes)
{
    return (size_t)(writer->end - writer->at) >= more_bytes || grow(writer, more_bytes);
}

static inline void put(struct writer *writer, struct sv text)
{
    if (text.len == 0 || !reserve(writer, text.len))
        return;
    memcpy(writer->at, text.ptr, text.len);
    writer->at += text.len;
}

static inline void put_char(struct writer *writer, char c)
{
    if (reserve(writer, 1))
        *writer->at++ = c;
}

void writer_char(struct writer *writer, char c)
{
    put_char(writer, c);
}

static void put_escaped(struct writer *writer, struct sv text)
{
    static const char hex[] = "0123456789abcdef";
    static const char short_forms[32] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (!reserve(writer, text.len * ESCAPED_BYTES))
        return;
    char *at = writer->at;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = (char)c;
        } else if (c >= 0x20) {
            *at++ = (char)c;
        } else if (short_forms[c]) {
            *at++ = '\\';
            *at++ = short_forms[c];
        } else {
            memcpy(at, "\\u00", 4);
            at[4] = hex[c >> 4];
            at[5] = hex[c & 15];
            at += ESCAPED_BYTES;
        }
    }
    writer->at = at;
}

// Looks for what may not be stored.
static void inspect(struct writer *writer, struct sv text)
{
    if (writer->is_lossy)
        return;
    if (writer->document->has_escapes && text.len > 0 && memchr(text.ptr, '\0', text.len))
        report(writer, WRITER_NUL);
    if (writer->document->has_bad_unicode && !sv_is_utf8(text))
        report(writer, WRITER_UNICODE);
}

// Emits text around its credentials, piece by piece.
static void put_blotted(struct writer *writer, struct sv text,
                        void (*emit)(struct writer *, struct sv))
{
    struct sv secret;
    while (credential_find(text, &secret)) {
        emit(writer, (struct sv){text.ptr, (size_t)(secret.ptr - text.ptr)});
        emit(writer, SV(CREDENTIAL_BLOT));
        const char *rest = secret.ptr + secret.len;
        text = (struct sv){rest, (size_t)(text.ptr + text.len - rest)};
    }
    emit(writer, text);
}

// Escaped, with U+FFFD for what is not UTF-8; only rejects come here.
static void put_repaired(struct writer *writer, struct sv text)
{
    AUTO_BUF quoted;
    buf_init(&quoted, TILL_LIMIT_BUFFER_BYTES);
    buf_json_string(&quoted, text);
    if (quoted.failure || quoted.len < 2)
        report(writer, WRITER_MEMORY);
    else
        put(writer, (struct sv){quoted.data + 1, quoted.len - 2});
}

static bool has_credential(const struct writer *writer, struct sv text)
{
    struct sv secret;
    return writer->document->has_credentials && credential_find(text, &secret);
}

struct sv writer_text(struct writer *writer, struct sv text)
{
    inspect(writer, text);
    if (!has_credential(writer, text))
        return text;
    put_blotted(writer, text, put);
    return writer_end(writer);
}

static bool needs_no_escape(yyjson_val *value)
{
    return unsafe_yyjson_get_tag(value) == (YYJSON_TYPE_STR | YYJSON_SUBTYPE_NOESC);
}

void writer_string(struct writer *writer, yyjson_val *value)
{
    struct sv text = document_text(value);
    bool is_lossy = writer->is_lossy && writer->document->has_bad_unicode;
    inspect(writer, text);
    if (!reserve(writer, text.len + 2))
        return;
    *writer->at++ = '"';
    if (has_credential(writer, text)) {
        put_blotted(writer, text, is_lossy ? put_repaired : put_escaped);
    } else if (is_lossy) {
        put_repaired(writer, text);
    } else if (needs_no_escape(value)) {
        memcpy(writer->at, text.ptr, text.len);
        writer->at += text.len;
    } else {
        put_escaped(writer, text);
    }
    put_char(writer, '"');
}

static void put_scalar(struct writer *writer, yyjson_val *value)
{
    switch (unsafe_yyjson_get_type(value)) {
    case YYJSON_TYPE_STR:
        writer_string(writer, value);
        break;
    case YYJSON_TYPE_RAW: // a number
        put(writer, document_text(value));
        break;
    case YYJSON_TYPE_BOOL:
        put(writer, unsafe_yyjson_is_true(value) ? SV("true") : SV("false"));
        break;
    default:
        put(writer, SV("null"));
        break;
    }
}

struct level {
    yyjson_val *end; // the value behind the container
    bool is_object;
};

void writer_value(struct writer *writer, yyjson_val *value)
{
    struct level levels[TILL_LIMIT_JSON_DEPTH];
    size_t depth = 0;
    bool needs_comma = false;
    yyjson_val *at = value;
    yyjson_val *end = unsafe_yyjson_get_next(value);
    while (true) {
        for (; depth > 0 && at == levels[depth - 1].end; needs_comma = true)
            put_char(writer, levels[--depth].is_object ? '}' : ']');
        if (at >= end || writer->problem == WRITER_MEMORY)
            return;
        bool is_member = depth > 0 && levels[depth - 1].is_object;
        if (is_member && model_is_credential_key(document_text(at))) {
            at = unsafe_yyjson_get_next(at + 1);
            continue;
        }
        if (needs_comma)
            put_char(writer, ',');
        if (is_member) {
            writer_string(writer, at++);
            put_char(writer, ':');
        }
        needs_comma = !unsafe_yyjson_is_ctn(at);
        if (needs_comma) {
            put_scalar(writer, at++);
        } else {
            bool is_object = unsafe_yyjson_is_obj(at);
            levels[depth++] = (struct level){unsafe_yyjson_get_next(at), is_object};
            put_char(writer, is_object ? '{' : '[');
            at++;
        }
    }
}
