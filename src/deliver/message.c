// SPDX-License-Identifier: Apache-2.0
// message.c - a digest as the message that channels take: the sections that one wants, in every form that one may ask for.
//
// What a channel does not want is taken out of a copy of the digest before any view sees it, so that text, mail and JSON cannot differ. What stays, whatever
// it wants: a source of data that failed or is stale, because numbers without it would look better than they are.
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "deliver/deliver.h"
#include "deliver/room.h"

static bool wants(uint32_t sections, uint32_t part)
{
    return sections == 0 || (sections & part) != 0;
}

static uint32_t part_of(enum digest_section section)
{
    static const uint32_t parts[] = {[DIGEST_SECTION_MONEY] = STORE_DIGEST_MONEY,
                                     [DIGEST_SECTION_SUBSCRIPTIONS] = STORE_DIGEST_SUBSCRIPTIONS,
                                     [DIGEST_SECTION_TRAFFIC] = STORE_DIGEST_TRAFFIC};
    return parts[section];
}

static void keep_wanted(struct digest *digest, uint32_t sections)
{
    size_t count = 0;
    for (size_t i = 0; i < digest->line_count; i++)
        if (wants(sections, part_of(digest_lines[digest->lines[i].id].section)))
            digest->lines[count++] = digest->lines[i];
    digest->line_count = count;
    if (!wants(sections, STORE_DIGEST_MONEY))
        memset(digest->bars, 0, sizeof digest->bars);
    if (!wants(sections, STORE_DIGEST_TOPS))
        digest->product_count = digest->source_count = 0;
    if (!wants(sections, STORE_DIGEST_STANDOUTS)) {
        digest->standout_count = 0;
        digest->hides_standouts = true;
    }
    if (wants(sections, STORE_DIGEST_SOURCES))
        return;
    count = 0;
    for (size_t i = 0; i < digest->data_count; i++)
        if (digest->data[i].error.ptr || digest->data[i].is_stale)
            digest->data[count++] = digest->data[i];
    digest->data_count = count;
}

uint64_t deliver_hash(uint64_t seed, const char *text) // FNV-1a, with its NUL
{
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0;; i++) {
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
        if (!text[i])
            return hash;
    }
}

void deliver_id(const struct store_delivery_key *key, char ret_id[static DELIVER_ID_BYTES])
{
    uint64_t hash = deliver_hash(deliver_hash(0, key->channel), key->organization_id);
    (void)snprintf(ret_id, DELIVER_ID_BYTES, "till-%s-%04d-%02d-%02d-%016llx",
                   store_digest_period_word(key->period), key->date.year % 10000,
                   key->date.month % 100, key->date.day % 100, (unsigned long long)hash);
}

typedef void writer(struct buf *out, const struct view_style *style, const struct digest *digest);

static void write_title(struct buf *out, const struct view_style *style,
                        const struct digest *digest)
{
    AUTO_BUF title;
    buf_init(&title, VIEW_DIGEST_BYTES);
    view_digest_title(&title, digest);
    struct sv text = {title.data ? title.data : "", title.len};
    if (style->has_unicode)
        (void)text_show(out, text, 0);
    else
        view_digest_ascii(out, text);
    if (title.failure && !out->failure)
        out->failure = title.failure;
}

static void write_markdown(struct buf *out, const struct view_style *style,
                           const struct digest *digest)
{
    AUTO_BUF text;
    buf_init(&text, out->limit_bytes);
    view_digest_markdown(&text, style, digest);
    struct sv whole = {text.data ? text.data : "", text.len};
    if (style->has_unicode)
        buf_sv(out, whole);
    else
        view_digest_ascii(out, whole);
    if (text.failure && !out->failure)
        out->failure = text.failure;
}

static void write_json(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    (void)style;
    view_digest_json(out, digest);
}

static void write_date(struct buf *out, const struct view_style *style, const struct digest *digest)
{
    (void)style;
    digest_date_words(out, digest->date);
}

static enum till_code written(writer *write, const struct view_style *style,
                              const struct digest *digest, struct arena *arena, struct sv *ret_text,
                              struct till_error *e)
{
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_BUFFER_BYTES);
    write(&text, style, digest);
    enum till_code code = buf_fail(&text, "the digest", e);
    if (code)
        return code;
    *ret_text = arena_sv(arena, (struct sv){text.data ? text.data : "", text.len});
    return ret_text->ptr ? TILL_OK : arena_fail(arena, "the digest", e);
}

static enum till_code sections_of(const struct view_style *style, const struct digest *digest,
                                  struct arena *arena, struct channel_message *message,
                                  struct till_error *e)
{
    struct view_digest_sections found;
    enum till_code code = view_digest_sections(style, digest, arena, &found, e);
    if (code)
        return code;
    struct channel_section *list = arena_calloc(arena, found.count + 1, sizeof *list);
    if (!list)
        return arena_fail(arena, "the digest", e);
    for (size_t i = 0; i < found.count; i++)
        list[i] = (struct channel_section){found.list[i].title, found.list[i].lines,
                                           found.list[i].line_count};
    message->sections = list;
    message->section_count = found.count;
    return TILL_OK;
}

enum till_code deliver_message(const struct digest *digest, const struct store_channel *channel,
                               const struct view_style *style, const char *id, int64_t now_us,
                               struct arena *arena, struct channel_message *ret_message,
                               struct till_error *e)
{
    struct view_style plain = {.has_unicode = !channel->is_ascii, .locale = style->locale};
    struct channel_message message = {.at_us = now_us};
    struct digest *kept = arena_alloc(arena, sizeof *kept);
    message.id = arena_sv(arena, sv_of(id));
    if (!kept || !message.id.ptr)
        return arena_fail(arena, "the digest", e);
    *kept = *digest;
    keep_wanted(kept, channel->sections);
    const struct {
        writer *write;
        struct sv *text;
    } forms[] = {{write_title, &message.title},       {view_digest_text, &message.text},
                 {write_markdown, &message.markdown}, {view_digest_html, &message.html},
                 {write_json, &message.json},         {write_date, &message.date}};
    enum till_code code = TILL_OK;
    for (size_t i = 0; i < TILL_COUNT(forms) && code == TILL_OK; i++)
        code = written(forms[i].write, &plain, kept, arena, forms[i].text, e);
    if (code == TILL_OK)
        code = sections_of(&plain, kept, arena, &message, e);
    if (code == TILL_OK)
        *ret_message = message;
    return code;
}
