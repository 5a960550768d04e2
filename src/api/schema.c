// SPDX-License-Identifier: Apache-2.0
// schema.c - tables and views with what each column means.
//
// Names and types are asked of the database itself, meanings are read from the text of the schema, where each stands behind "--" on its own line.
#include "api/questions.h"
#include "base/limits.h"
#include "views/views.h"

struct object {
    struct sv name, sentence, lines; // lines: what stands between the first line and the empty one
    const char *kind;
};
struct columns {
    struct buf *out;
    const struct object *object;
};

// What stands behind "--"; .ptr NULL when nothing does. The line keeps what stands before it.
static struct sv cut_sentence(struct sv *line)
{
    const char *dashes = memmem(line->ptr, line->len, "-- ", 3);
    if (!dashes)
        return (struct sv){NULL, 0};
    size_t before = (size_t)(dashes - line->ptr);
    struct sv sentence = sv_trim((struct sv){dashes + 3, line->len - before - 3});
    *line = sv_trim((struct sv){line->ptr, before});
    return sentence;
}

static bool is_word_at(struct sv line, struct sv name, bool at_end)
{
    if (line.len > 0 && line.ptr[line.len - 1] == ',')
        line.len--;
    if (line.len < name.len)
        return false;
    const char *place = at_end ? line.ptr + line.len - name.len : line.ptr;
    bool is_whole = line.len == name.len || (at_end ? place[-1] == ' ' : place[name.len] == ' ');
    return is_whole && memcmp(place, name.ptr, name.len) == 0;
}

// Tables name a column first on its line, views last.
static struct sv sentence_of(const struct object *object, struct sv column)
{
    struct sv rest = object->lines, line;
    char quoted[STORE_NAME_BYTES];
    quoted[0] = '"';
    size_t len = column.len < sizeof quoted - 2 ? column.len : sizeof quoted - 2;
    memcpy(quoted + 1, column.ptr, len);
    quoted[len + 1] = '"';
    while (sv_split(&rest, '\n', &line)) {
        struct sv sentence = cut_sentence(&line);
        line = sv_trim(line);
        if (sentence.ptr && (is_word_at(line, column, object->kind[0] == 'v') ||
                             is_word_at(line, (struct sv){quoted, len + 2}, false)))
            return sentence;
    }
    return (struct sv){NULL, 0};
}

static void sentence_json(struct buf *out, struct sv sentence)
{
    view_json_key(out, "sentence");
    if (sentence.ptr)
        buf_json_string(out, sentence);
    else
        buf_text(out, "null");
}

static enum till_code on_columns(void *context, const struct store_column_info *infos, size_t count,
                                 struct till_error *e)
{
    const struct columns *columns = context;
    (void)e;
    for (size_t i = 0; i < count; i++) {
        buf_text(columns->out, i > 0 ? ",{" : "{");
        view_json_text(columns->out, "name", infos[i].name);
        view_json_text(columns->out, "type", infos[i].declared_type);
        sentence_json(columns->out, sentence_of(columns->object, sv_of(infos[i].name)));
        buf_char(columns->out, '}');
    }
    return TILL_OK;
}

static enum till_code object_json(struct api_work *work, const struct object *object,
                                  struct till_error *e)
{
    AUTO_BUF sql;
    buf_init(&sql, TILL_LIMIT_SQL_BYTES);
    buf_format(&sql, "SELECT * FROM \"" SV_FORMAT "\" LIMIT 0", SV_ARGS(object->name));
    enum till_code code = buf_fail(&sql, "the schema", e);
    if (code)
        return code;
    struct columns columns = {.out = work->out, .object = object};
    struct store_query query = {.sql = sql.data, .stop = work->question->stop, .is_trusted = true};
    const struct store_sink sink = {.context = &columns, .columns = on_columns};
    struct store_query_result result = {0};
    buf_text(work->out, work->out->data[work->out->len - 1] == '[' ? "{" : ",\n{");
    view_json_key(work->out, "name");
    buf_json_string(work->out, object->name);
    view_json_text(work->out, "kind", object->kind);
    sentence_json(work->out, object->sentence);
    view_json_key(work->out, "columns");
    buf_char(work->out, '[');
    code = store_query(work->store, &query, &sink, &result, e);
    buf_text(work->out, "]}");
    return code;
}

// Takes the next object off the text of the schema; false at its end.
static bool next_object(struct sv *rest, struct object *ret_object)
{
    static const struct sv starts[] = {{"CREATE TABLE ", 13}, {"CREATE VIEW ", 12}};
    static const char *const kinds[] = {"table", "view"};
    struct sv line;
    while (sv_split(rest, '\n', &line)) {
        for (size_t i = 0; i < TILL_COUNT(starts); i++) {
            if (!sv_starts_with(line, starts[i]))
                continue;
            struct sv name = {line.ptr + starts[i].len, line.len - starts[i].len};
            struct sv sentence = cut_sentence(&name), word = {0};
            (void)sv_split(&name, ' ', &word);
            const char *end = memmem(rest->ptr, rest->len, "\n\n", 2);
            size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
            *ret_object = (struct object){word, sentence, {rest->ptr, len}, kinds[i]};
            return true;
        }
    }
    return false;
}

enum till_code api_schema(struct api_work *work, struct till_error *e)
{
    struct object object = {0};
    AUTO_BUF text;
    buf_init(&text, TILL_LIMIT_BUFFER_BYTES);
    enum till_code code = store_schema(&text, e);
    struct sv rest = {text.data, text.len};
    buf_char(work->out, '[');
    if (code == TILL_OK)
        code = buf_fail(work->out, "the schema", e);
    while (code == TILL_OK && work->out->failure == TILL_OK && next_object(&rest, &object))
        code = object_json(work, &object, e);
    buf_text(work->out, "]\n");
    return code;
}
