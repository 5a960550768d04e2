// SPDX-License-Identifier: Apache-2.0
// channels_fuzz.c - any bytes as the lines of a message to every chat.
//
// The first byte chooses the chat, a line that begins with '=' begins a section. What must hold for every input: it is composed, every body is JSON within the
// limit of a request, and there are no more parts than allowed.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "channels/channels.h"
#include "decode/json.h"

enum { MOST_LINES = 4096, MOST_SECTIONS = 64 };

static const struct {
    enum channel_kind kind;
    enum channel_field field;
    const char *value, *secret; // shapes, nobody's
} kinds[] = {
    {CHANNEL_slack, CHANNEL_FIELD__COUNT, NULL, "https://127.0.0.1/services/a"},
    {CHANNEL_discord, CHANNEL_FIELD__COUNT, NULL, "https://127.0.0.1/api/webhooks/1/a"},
    {CHANNEL_telegram, CHANNEL_FIELD_chat, "42", "1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {CHANNEL_ntfy, CHANNEL_FIELD__COUNT, NULL, "topic"},
};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static struct channel *open_kind(size_t index)
{
    struct channel *channel = NULL;
    struct till_error e = {0};
    struct secret secret = {0};
    struct channel_options options = {.kind = kinds[index].kind, .user_agent = "till"};
    must(secret_set(&secret, sv_of(kinds[index].secret), &e) == TILL_OK);
    if (kinds[index].field != CHANNEL_FIELD__COUNT)
        options.values.list[kinds[index].field] = kinds[index].value;
    options.secret = &secret;
    must(channel_open(&options, &channel, &e) == TILL_OK);
    secret_release(&secret);
    return channel;
}

static size_t cut(struct sv text, struct channel_section *sections, struct sv *lines)
{
    size_t count = 1, line_count = 0;
    struct sv line;
    sections[0] = (struct channel_section){.title = SV(""), .lines = lines};
    while (line_count < MOST_LINES && sv_split(&text, '\n', &line)) {
        if (line.len > 0 && line.ptr[0] == '=' && count < MOST_SECTIONS) {
            sections[count++] =
                (struct channel_section){.title = line, .lines = lines + line_count};
            continue;
        }
        lines[line_count++] = line;
        sections[count - 1].line_count++;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sv lines[MOST_LINES];
    static struct channel_section sections[MOST_SECTIONS];
    struct channel_parts parts = {0};
    struct till_error e = {0};
    struct arena arena;
    if (size == 0)
        return 0;
    struct sv text = {(const char *)data + 1, size - 1};
    struct channel_message message = {.title = text.len > 0 ? text : SV("x"),
                                      .sections = sections,
                                      .section_count = cut(text, sections, lines)};
    struct channel *channel = open_kind(data[0] % TILL_COUNT(kinds));
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    must(channel_compose(channel, &message, &arena, &parts, &e) == TILL_OK);
    must(parts.count >= 1 && parts.count <= TILL_LIMIT_CHANNEL_PARTS);
    for (size_t i = 0; i < parts.count; i++) {
        const struct json *root = NULL;
        must(parts.list[i].body.len <= TILL_LIMIT_REQUEST_BODY_BYTES);
        must(json_parse(parts.list[i].body, &arena, &root, &e) == TILL_OK && json_is_object(root));
    }
    arena_release(&arena);
    channel_close(channel);
    return 0;
}
