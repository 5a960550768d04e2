// SPDX-License-Identifier: Apache-2.0
// ini.c - inih with line numbers and without surprises.
//
// inih asks for one line after the other, so the reader below knows the number of the line that a callback is about. It also takes white space off
// the front of lines: inih would read an indented "name = value" as a continuation of the value above it. And it refuses lines that
// inih would cut in two.
#include "config/ini.h"

#include <ini.h>

#include "base/limits.h"

struct ini_walker {
    const char *file;
    struct sv rest;
    int line;
    ini_entry *entry;
    void *context;
    struct till_error *e;
    int failed_line; // 0 while all is well
};

static enum till_code ini_fail(struct ini_walker *walker, const char *complaint)
{
    walker->failed_line = walker->line;
    return TILL_FAIL(walker->e, TILL_CONFIG, walker->line, "%s:%d: %s", walker->file, walker->line,
                     complaint);
}

static char *ini_line(char *ret_text, int size, void *stream)
{
    struct ini_walker *walker = stream;
    struct sv line;
    if (walker->failed_line != 0 || walker->rest.len == 0 || !sv_split(&walker->rest, '\n', &line))
        return NULL;
    walker->line++;
    line = sv_trim(line);
    if (line.len + 2 > (size_t)size) {
        ini_fail(walker, "the line is too long");
        return NULL;
    }
    if (line.len > 0 && memchr(line.ptr, '\0', line.len) != NULL) {
        ini_fail(walker, "the line holds a NUL byte");
        return NULL;
    }
    if (line.len > 0)
        memcpy(ret_text, line.ptr, line.len);
    ret_text[line.len] = '\n';
    ret_text[line.len + 1] = '\0';
    return ret_text;
}

static int ini_found(void *context, const char *section, const char *name, const char *value)
{
    struct ini_walker *walker = context;
    if (walker->failed_line != 0)
        return 0;
    if (walker->entry(walker->context, walker->line, sv_of(section), sv_of(name), sv_of(value),
                      walker->e) == TILL_OK)
        return 1;
    walker->failed_line = walker->line;
    return 0;
}

enum till_code ini_walk(const char *file, struct sv text, ini_entry *entry, void *context,
                        struct till_error *e)
{
    struct ini_walker walker = {
        .file = file, .rest = text, .entry = entry, .context = context, .e = e};
    int first_error = ini_parse_stream(ini_line, &walker, ini_found, &walker);
    if (first_error > 0 && (walker.failed_line == 0 || first_error < walker.failed_line)) {
        walker.line = first_error;
        ini_fail(&walker, "not a setting: expected \"name = value\"");
        return till_error_hint(e, "start a comment with #");
    }
    if (walker.failed_line != 0)
        return e->code;
    return first_error == 0 ? TILL_OK : TILL_FAIL_MEMORY(e);
}

enum ini_kind { INI_OTHER, INI_SECTION, INI_ENTRY };

// What a line is; for an entry its name and where its value lies (an inline comment is not part of it).
static enum ini_kind ini_look(struct sv line, struct sv *ret_name, struct sv *ret_value)
{
    struct sv rest = sv_trim(line);
    if (rest.len > 0 && rest.ptr[0] == '[') {
        const char *end = memchr(rest.ptr, ']', rest.len);
        *ret_name = (struct sv){rest.ptr + 1, end != NULL ? (size_t)(end - rest.ptr - 1) : 0};
        return INI_SECTION;
    }
    if (rest.len == 0 || rest.ptr[0] == '#' || rest.ptr[0] == ';')
        return INI_OTHER;
    size_t at = 0;
    while (at < rest.len && rest.ptr[at] != '=' && rest.ptr[at] != ':')
        at++;
    if (at == rest.len)
        return INI_OTHER;
    *ret_name = sv_trim((struct sv){rest.ptr, at});
    struct sv value = {rest.ptr + at + 1, rest.len - at - 1};
    for (size_t i = 1; i < value.len; i++)
        if (value.ptr[i] == ';' && (value.ptr[i - 1] == ' ' || value.ptr[i - 1] == '\t'))
            value.len = i;
    *ret_value = sv_trim(value);
    if (ret_value->len == 0) // nothing there: right behind the sign
        *ret_value = (struct sv){rest.ptr + at + 1, 0};
    return INI_ENTRY;
}

// The name with its section in front; false when it is longer than any that exists.
static bool ini_full_name(struct sv section, struct sv name,
                          char ret_text[static TILL_LIMIT_PATH_BYTES], struct sv *ret_name)
{
    size_t length = 0;
    if (section.len + name.len + 1 > TILL_LIMIT_PATH_BYTES)
        return false;
    if (section.len > 0) {
        memcpy(ret_text, section.ptr, section.len);
        ret_text[section.len] = '.';
        length = section.len + 1;
    }
    if (name.len > 0)
        memcpy(ret_text + length, name.ptr, name.len);
    *ret_name = (struct sv){ret_text, length + name.len};
    return true;
}

static void ini_insert(struct sv text, size_t at, const char *name, const char *value,
                       struct buf *out)
{
    buf_append(out, text.ptr, at);
    if (at > 0 && text.ptr[at - 1] != '\n')
        buf_char(out, '\n');
    buf_format(out, "%s = %s\n", name, value);
    if (at < text.len)
        buf_append(out, text.ptr + at, text.len - at);
}

void ini_replace(struct sv text, ini_is_wanted *is_wanted, const void *context, const char *name,
                 const char *value, struct buf *out)
{
    char scratch[TILL_LIMIT_PATH_BYTES];
    struct sv rest = text, line, section = {"", 0}, found, old, full;
    size_t insert_at = text.len;
    bool is_in_section = false;
    bool is_place_settled = false; // a later line without a section may still move it
    while (text.len > 0 && sv_split(&rest, '\n', &line)) {
        enum ini_kind kind = ini_look(line, &found, &old);
        if (kind == INI_SECTION) {
            if (!is_in_section && !is_place_settled)
                insert_at = (size_t)(line.ptr - text.ptr);
            section = found;
            is_in_section = true;
            is_place_settled = true;
        } else if (kind == INI_ENTRY && ini_full_name(section, found, scratch, &full) &&
                   is_wanted(context, full)) {
            size_t start = (size_t)(old.ptr - text.ptr);
            buf_append(out, text.ptr, start);
            if (old.len == 0)
                buf_char(out, ' ');
            buf_text(out, value);
            buf_append(out, old.ptr + old.len, text.len - start - old.len);
            return;
        } else if (kind == INI_ENTRY && !is_in_section) {
            insert_at = rest.ptr != NULL ? (size_t)(rest.ptr - text.ptr) : text.len;
            is_place_settled = true;
        }
    }
    ini_insert(text, is_place_settled ? insert_at : text.len, name, value, out);
}
