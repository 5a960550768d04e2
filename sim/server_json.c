// SPDX-License-Identifier: Apache-2.0
// server_json.c - JSON strings: escapes control characters, quotes and backslashes, and replaces what is not UTF-8.
// Error bodies echo what a client sent, which may be anything; the simulator's own answers must stay valid JSON unless a fault asks otherwise.
#include "server_json.h"

#include <string.h>

// Length of the UTF-8 sequence at `text` (NUL-terminated), 0 when there is none. Overlong forms and surrogates are refused.
static size_t utf8_length(const unsigned char *text)
{
    size_t length = text[0] < 0x80   ? 1
                    : text[0] < 0xC2 ? 0
                    : text[0] < 0xE0 ? 2
                    : text[0] < 0xF0 ? 3
                    : text[0] < 0xF5 ? 4
                                     : 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    bool is_overlong = (text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xF0 && text[1] < 0x90);
    bool is_outside = (text[0] == 0xED && text[1] > 0x9F) || (text[0] == 0xF4 && text[1] > 0x8F);
    return is_overlong || is_outside ? 0 : length;
}

static void append_escape(struct sim_out *out, unsigned char c)
{
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof(names) - 1; i += 2) {
        if ((unsigned char)names[i] == c) {
            sim_out_append(out, (const char[]){'\\', names[i + 1]}, 2);
            return;
        }
    }
    sim_out_format(out, "\\u%04x", c);
}

void json_append_string(struct sim_out *out, const char *text)
{
    json_append_literal(out, "\"");
    while (*text != '\0') {
        unsigned char c = (unsigned char)*text;
        size_t length = utf8_length((const unsigned char *)text);
        if (length == 0) {
            json_append_literal(out, "\xEF\xBF\xBD");
            length = 1;
        } else if (c < 0x20 || c == '"' || c == '\\') {
            append_escape(out, c);
        } else {
            sim_out_append(out, text, length);
        }
        text += length;
    }
    json_append_literal(out, "\"");
}
