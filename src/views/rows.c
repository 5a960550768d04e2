// SPDX-License-Identifier: Apache-2.0
// rows.c - one writer for rows in four formats.
//
// JSON is one array of objects, compact, a row a line; JSON lines one object a line; CSV after RFC 4180 with a header and LF line ends; a table is aligned by
// display width, numbers to the right, cells cut at the style's ceiling. A table that is wider than the terminal first cuts what is longer than an id, and
// when that is not enough turns into one block of lines for each row; numbers and ids are never cut. NULL is empty in a table and in CSV, null in JSON.
// Columns with the same name get distinct keys in JSON (name, name_2), because an object with a key twice loses one of them.
#include "views/views.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LEAD_NAME "connection"

struct row_view_line {
    struct row_view_line *next;
    struct value values[];
};

static const struct {
    const char *word;
    enum view_format format;
} formats[] = {
    {"table", VIEW_TABLE}, {"json", VIEW_JSON}, {"jsonl", VIEW_JSONL}, {"csv", VIEW_CSV}};

bool view_format_parse(struct sv word, enum view_format *ret_format)
{
    for (size_t i = 0; i < TILL_COUNT(formats); i++) {
        if (sv_equal(word, sv_of(formats[i].word))) {
            *ret_format = formats[i].format;
            return true;
        }
    }
    return false;
}

void view_csv_field(struct buf *out, struct sv text)
{
    bool needs_quotes = false;
    for (size_t i = 0; i < text.len && !needs_quotes; i++)
        needs_quotes =
            text.ptr[i] == ',' || text.ptr[i] == '"' || text.ptr[i] == '\n' || text.ptr[i] == '\r';
    if (!needs_quotes) {
        buf_sv(out, text);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '"')
            buf_char(out, '"');
        buf_char(out, text.ptr[i]);
    }
    buf_char(out, '"');
}

// The shortest decimal text that reads back as the same double.
static void append_real(struct buf *out, double real)
{
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, real);
        char *end = NULL;
        if (fabs(strtod(text, &end) - real) <= 0.0)
            break;
    }
    buf_text(out, text);
    if (!strpbrk(text, ".en"))
        buf_text(out, ".0");
}

void view_json_value(struct buf *out, const struct value *value)
{
    switch (value->type) {
    case VALUE_NULL:
        buf_text(out, "null");
        return;
    case VALUE_INTEGER:
        buf_int(out, value->integer);
        return;
    case VALUE_REAL:
        if (isfinite(value->real))
            append_real(out, value->real);
        else
            buf_text(out, "null");
        return;
    case VALUE_TEXT:
        buf_json_string(out, value->text);
        return;
    }
}

static void plain_value(struct buf *out, const struct value *value)
{
    if (value->type == VALUE_TEXT)
        buf_sv(out, value->text);
    else if (value->type == VALUE_INTEGER)
        buf_int(out, value->integer);
    else if (value->type == VALUE_REAL)
        append_real(out, value->real);
}

static bool is_taken(const struct row_view *view, const char *const *names, size_t index,
                     const char *name)
{
    for (size_t i = 0; i < view->column_count; i++) {
        if (strcmp(names[i], name) == 0 || (i < index && strcmp(view->names[i], name) == 0))
            return true;
    }
    return false;
}

// Key of a column in JSON objects: its name, or for later columns of the same name the first of name_2, name_3, ... that no column has.
static const char *unique_name(struct row_view *view, const char *const *names, size_t index)
{
    size_t earlier = 0;
    for (size_t i = 0; i < index; i++)
        earlier += strcmp(names[i], names[index]) == 0 ? 1 : 0;
    if (earlier == 0 || view->format == VIEW_CSV || view->format == VIEW_TABLE)
        return arena_copy(view->arena, names[index], strlen(names[index]));
    size_t bytes = strlen(names[index]) + 24;
    char *name = arena_alloc(view->arena, bytes);
    do
        earlier += 1;
    while (name && snprintf(name, bytes, "%s_%zu", names[index], earlier) > 0 &&
           is_taken(view, names, index, name));
    return name;
}

enum till_code row_view_begin(struct row_view *view, const char *const *names, const bool *json,
                              size_t column_count, struct till_error *e)
{
    view->column_count = column_count;
    view->names = arena_alloc(view->arena, (column_count + 1) * sizeof(*view->names));
    view->is_json = arena_calloc(view->arena, column_count + 1, sizeof(*view->is_json));
    if (!view->names || !view->is_json)
        return arena_fail(view->arena, "the result", e);
    for (size_t i = 0; i < column_count; i++) {
        view->names[i] = unique_name(view, names, i);
        view->is_json[i] = json && json[i];
        if (!view->names[i])
            return arena_fail(view->arena, "the result", e);
    }
    if (view->format == VIEW_JSON)
        buf_char(view->out, '[');
    bool has_head = view->format == VIEW_CSV && !view->is_continued;
    if (has_head && view->lead)
        buf_text(view->out, LEAD_NAME);
    for (size_t i = 0; has_head && i < column_count; i++) {
        if (i > 0 || view->lead)
            buf_char(view->out, ',');
        view_csv_field(view->out, sv_of(view->names[i]));
    }
    if (has_head)
        buf_char(view->out, '\n');
    return buf_fail(view->out, "the result", e);
}

static void json_row(struct row_view *view, const struct value *values)
{
    buf_char(view->out, '{');
    if (view->lead)
        view_json_text(view->out, LEAD_NAME, view->lead);
    for (size_t i = 0; i < view->column_count; i++) {
        if (i > 0 || view->lead)
            buf_char(view->out, ',');
        buf_json_string(view->out, sv_of(view->names[i]));
        buf_char(view->out, ':');
        if (view->is_json[i] && values[i].type == VALUE_TEXT)
            buf_sv(view->out, values[i].text);
        else
            view_json_value(view->out, &values[i]);
    }
    buf_char(view->out, '}');
}

static enum till_code keep_row(struct row_view *view, const struct value *values,
                               struct till_error *e)
{
    struct row_view_line *line =
        arena_alloc(view->arena, sizeof(*line) + view->column_count * sizeof(struct value));
    if (!line)
        return arena_fail(view->arena, "the result (use --format csv or jsonl for large ones)", e);
    line->next = NULL;
    for (size_t i = 0; i < view->column_count; i++) {
        line->values[i] = values[i];
        if (values[i].type != VALUE_TEXT)
            continue;
        // A cell shows little of a long text: keep no more than it can show (4 bytes a column at most).
        size_t most = view->style->cell_width > 0 ? view->style->cell_width * 8 : SIZE_MAX;
        struct sv text = values[i].text;
        text.len = text.len > most ? most : text.len;
        line->values[i].text = arena_sv(view->arena, text);
        if (!line->values[i].text.ptr)
            return arena_fail(view->arena, "the result (use --format csv or jsonl for large ones)",
                              e);
    }
    if (view->last)
        view->last->next = line;
    else
        view->first = line;
    view->last = line;
    return TILL_OK;
}

enum till_code row_view_row(struct row_view *view, const struct value *values, struct till_error *e)
{
    view->row_count += 1;
    switch (view->format) {
    case VIEW_TABLE:
        return keep_row(view, values, e);
    case VIEW_JSON:
        buf_text(view->out, view->row_count > 1 ? ",\n" : "\n");
        json_row(view, values);
        break;
    case VIEW_JSONL:
        json_row(view, values);
        buf_char(view->out, '\n');
        break;
    case VIEW_CSV:
        if (view->lead)
            view_csv_field(view->out, sv_of(view->lead));
        for (size_t i = 0; i < view->column_count; i++) {
            if (i > 0 || view->lead)
                buf_char(view->out, ',');
            if (values[i].type == VALUE_TEXT)
                view_csv_field(view->out, values[i].text);
            else
                plain_value(view->out, &values[i]);
        }
        buf_char(view->out, '\n');
        break;
    }
    return buf_fail(view->out, "the result", e);
}

enum { LEAST_CELL_COLUMNS = 36, GAP_COLUMNS = 2 };

struct layout {
    size_t *widths;
    bool *is_right;
};

static size_t cell_width(const struct row_view *view, const struct value *value,
                         struct buf *scratch)
{
    buf_reset(scratch);
    plain_value(scratch, value);
    size_t width = text_width((struct sv){scratch->data, scratch->len});
    size_t most = view->style->cell_width;
    return value->type == VALUE_TEXT && most > 0 && width > most ? most : width;
}

static void rule(const struct row_view *view, size_t columns)
{
    for (size_t i = 0; i < columns; i++)
        buf_text(view->out, view->style->has_unicode ? "\xE2\x94\x80" : "-");
}

static void table_cell(const struct row_view *view, struct sv text, size_t width, bool is_right,
                       bool is_last)
{
    size_t shown_width = text_width(text);
    size_t used = shown_width > width ? width : shown_width;
    if (is_right)
        buf_repeat(view->out, ' ', width - used);
    (void)text_show(view->out, text, width);
    if (!is_right && !is_last)
        buf_repeat(view->out, ' ', width - used);
    if (is_last)
        buf_char(view->out, '\n');
    else
        buf_repeat(view->out, ' ', GAP_COLUMNS);
}

static void table_lines(const struct row_view *view, const struct layout *layout,
                        struct buf *scratch)
{
    size_t last = view->column_count - 1;
    for (size_t i = 0; i <= last; i++)
        table_cell(view, sv_of(view->names[i]), layout->widths[i], layout->is_right[i], i == last);
    for (size_t i = 0; i <= last; i++) {
        rule(view, layout->widths[i]);
        buf_repeat(view->out, i < last ? ' ' : '\n', i < last ? GAP_COLUMNS : 1);
    }
    for (const struct row_view_line *line = view->first; line; line = line->next) {
        for (size_t i = 0; i <= last; i++) {
            buf_reset(scratch);
            plain_value(scratch, &line->values[i]);
            table_cell(view, (struct sv){scratch->data ? scratch->data : "", scratch->len},
                       layout->widths[i], layout->is_right[i], i == last);
        }
    }
}

// One block of "name  value" lines for each row.
static void record_lines(const struct row_view *view, struct buf *scratch)
{
    size_t name_width = 0;
    size_t number = 0;
    for (size_t i = 0; i < view->column_count; i++) {
        size_t width = text_width(sv_of(view->names[i]));
        name_width = width > name_width ? width : name_width;
    }
    size_t taken = name_width + GAP_COLUMNS;
    size_t room = view->style->width > taken + LEAST_CELL_COLUMNS ? view->style->width - taken
                                                                  : LEAST_CELL_COLUMNS;
    for (const struct row_view_line *line = view->first; line; line = line->next) {
        number += 1;
        rule(view, 2);
        buf_format(view->out, " %zu\n", number);
        for (size_t i = 0; i < view->column_count; i++) {
            table_cell(view, sv_of(view->names[i]), name_width, false, false);
            buf_reset(scratch);
            plain_value(scratch, &line->values[i]);
            (void)text_show(view->out,
                            (struct sv){scratch->data ? scratch->data : "", scratch->len}, room);
            buf_char(view->out, '\n');
        }
    }
}

// Cuts the widest cells until the table fits; false when it cannot.
static bool fit(const struct row_view *view, const struct layout *layout)
{
    size_t total = GAP_COLUMNS * (view->column_count - 1);
    for (size_t i = 0; i < view->column_count; i++)
        total += layout->widths[i];
    while (view->style->width > 0 && total > view->style->width) {
        size_t widest = 0;
        for (size_t i = 1; i < view->column_count; i++) {
            if (layout->is_right[widest] ||
                (!layout->is_right[i] && layout->widths[i] > layout->widths[widest]))
                widest = i;
        }
        if (layout->is_right[widest] || layout->widths[widest] <= LEAST_CELL_COLUMNS)
            return false;
        layout->widths[widest] -= 1;
        total -= 1;
    }
    return true;
}

static void measure(const struct row_view *view, const struct layout *layout, struct buf *scratch)
{
    for (size_t i = 0; i < view->column_count; i++) {
        struct value name = {.type = VALUE_TEXT, .text = sv_of(view->names[i])};
        bool has_number = false;
        bool has_text = false;
        layout->widths[i] = cell_width(view, &name, scratch);
        for (const struct row_view_line *line = view->first; line; line = line->next) {
            size_t width = cell_width(view, &line->values[i], scratch);
            layout->widths[i] = width > layout->widths[i] ? width : layout->widths[i];
            has_text = has_text || line->values[i].type == VALUE_TEXT;
            has_number = has_number || line->values[i].type == VALUE_INTEGER ||
                         line->values[i].type == VALUE_REAL;
        }
        layout->is_right[i] = has_number && !has_text;
    }
}

static enum till_code table_end(struct row_view *view, struct till_error *e)
{
    struct layout layout = {
        .widths = arena_calloc(view->arena, view->column_count + 1, sizeof(*layout.widths)),
        .is_right = arena_calloc(view->arena, view->column_count + 1, sizeof(*layout.is_right)),
    };
    if (!layout.widths || !layout.is_right)
        return arena_fail(view->arena, "the table", e);
    AUTO_BUF scratch;
    buf_init(&scratch, view->out->limit_bytes);
    measure(view, &layout, &scratch);
    if (fit(view, &layout) || !view->first)
        table_lines(view, &layout, &scratch);
    else
        record_lines(view, &scratch);
    enum till_code code = buf_fail(&scratch, "the table", e);
    return code ? code : buf_fail(view->out, "the table", e);
}

enum till_code row_view_end(struct row_view *view, struct till_error *e)
{
    if (view->format == VIEW_TABLE)
        return view->column_count > 0 ? table_end(view, e) : TILL_OK;
    if (view->format == VIEW_JSON)
        buf_text(view->out, view->row_count > 0 ? "\n]\n" : "]\n");
    return buf_fail(view->out, "the result", e);
}
