// SPDX-License-Identifier: Apache-2.0
// support.c - see support.h.
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fixture_open(struct fixture *fixture)
{
    fixture_make(fixture);
    assert_ok(fixture, store_open(fixture->path, STORE_READ_WRITE, &fixture->store, &fixture->e));
}

void fixture_make(struct fixture *fixture)
{
    const char *base = getenv("TMPDIR");
    *fixture = (struct fixture){0};
    (void)snprintf(fixture->folder, sizeof fixture->folder, "%s/till-store-XXXXXX",
                   base ? base : "/tmp");
    assert_non_null(mkdtemp(fixture->folder));
    (void)snprintf(fixture->path, sizeof fixture->path, "%s/till.db", fixture->folder);
    arena_init(&fixture->arena, 64 * 1024 * 1024);
}

void fixture_reopen(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
    assert_ok(fixture, store_open(fixture->path, STORE_READ_WRITE, &fixture->store, &fixture->e));
}

void change_file(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(f->path, &db));
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", sql, message);
    (void)sqlite3_close(db);
}

void make_version_1(struct fixture *f)
{
    static char sql[64 * 1024]; // the file is half as long
    FILE *file = fopen("tests/unit/store/version_1.sql", "r");
    assert_non_null(file);
    size_t length = fread(sql, 1, sizeof sql - 1, file);
    assert_int_equal(0, fclose(file));
    assert_in_range(length, 1000, sizeof sql - 2);
    sql[length] = '\0';
    change_file(f, sql);
}

void remove_folder(const char *folder)
{
    DIR *list = opendir(folder);
    for (struct dirent *entry = list ? readdir(list) : NULL; entry; entry = readdir(list))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            (void)unlinkat(dirfd(list), entry->d_name, 0);
    if (list)
        (void)closedir(list);
    (void)rmdir(folder);
}

void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    arena_release(&fixture->arena);
    remove_folder(fixture->folder);
}

struct value text_value(const char *text)
{
    return (struct value){.type = VALUE_TEXT, .text = sv_of(text)};
}

static struct sv format_text(struct arena *arena, const char *format, const char *name,
                             unsigned number)
{
    char text[160];
    int length = snprintf(text, sizeof text, "%s", "");
    if (strcmp(format, "id") == 0)
        length = snprintf(text, sizeof text, "%08x-%04x-4000-8000-%012x", number * 2654435761U,
                          (unsigned)strlen(name), number);
    else if (strcmp(format, "time") == 0)
        length = snprintf(text, sizeof text, "2025-%02u-%02uT%02u:%02u:00.%06uZ",
                          1 + number / 43200 % 12, 1 + number / 1440 % 28, number / 60 % 24,
                          number % 60, number % 1000000);
    else if (strcmp(format, "json") == 0)
        length = snprintf(text, sizeof text, "{\"of\":\"%s\",\"number\":%u}", name, number);
    else
        length = snprintf(text, sizeof text, "%s %u", name, number);
    return (struct sv){arena_copy(arena, text, (size_t)length), (size_t)length};
}

static struct value make_value(struct arena *arena, const struct column *column, unsigned number)
{
    struct value value = {.type = VALUE_TEXT};
    switch (column->kind) {
    case COLUMN_ID:
        value.text = format_text(arena, "id", column->name, number);
        break;
    case COLUMN_TIMESTAMP:
        value.text = format_text(arena, "time", column->name, number);
        break;
    case COLUMN_JSON:
        value.text = format_text(arena, "json", column->name, number);
        break;
    case COLUMN_TEXT:
    case COLUMN_ENUM:
        value.text = format_text(arena, "text", column->name, number);
        break;
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
        value = (struct value){.type = VALUE_INTEGER, .integer = (int64_t)number * 7 - 3};
        break;
    case COLUMN_BOOLEAN:
        value = (struct value){.type = VALUE_INTEGER, .integer = number % 2};
        break;
    }
    return value;
}

struct row *make_rows(struct arena *arena, const struct table *table, int first, size_t count)
{
    struct row *rows = arena_calloc(arena, count + 1, sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) {
        rows[i].table = table;
        rows[i].values = arena_calloc(arena, table->column_count, sizeof *rows[i].values);
        assert_non_null(rows[i].values);
        for (size_t c = 0; c < table->column_count; c++)
            rows[i].values[c] =
                make_value(arena, &table->columns[c], (unsigned)first + (unsigned)i);
        struct value *organization = value_of(&rows[i], "organization_id");
        if (organization)
            *organization = (struct value){.type = VALUE_NULL};
        rows[i].extra = SV("{\"later\":1}");
    }
    return rows;
}

struct value *value_of(struct row *row, const char *column)
{
    size_t index = 0;
    return model_column(row->table, sv_of(column), &index) ? &row->values[index] : NULL;
}

struct answer {
    int64_t integer;
    char *place;
    size_t bytes;
    bool has_row;
};

static enum till_code take_answer(void *context, const struct value *values, size_t count,
                                  struct till_error *e)
{
    struct answer *answer = context;
    (void)e;
    if (answer->has_row || count == 0)
        return TILL_OK;
    answer->has_row = true;
    answer->integer = values[0].type == VALUE_INTEGER ? values[0].integer : -999;
    if (answer->place && values[0].type == VALUE_TEXT)
        (void)snprintf(answer->place, answer->bytes, SV_FORMAT, SV_ARGS(values[0].text));
    else if (answer->place && values[0].type == VALUE_INTEGER)
        (void)snprintf(answer->place, answer->bytes, "%" PRId64, values[0].integer);
    return TILL_OK;
}

static struct answer ask(struct store *store, const char *sql, char *place, size_t bytes)
{
    struct answer answer = {.place = place, .bytes = bytes};
    struct store_sink sink = {.context = &answer, .row = take_answer};
    struct store_query query = {.sql = sql, .is_trusted = true};
    struct store_query_result result;
    struct till_error e = {0};
    if (store_query(store, &query, &sink, &result, &e) != TILL_OK)
        fail_msg("%s: %s", sql, e.text);
    return answer;
}

int64_t ask_integer(struct store *store, const char *sql)
{
    struct answer answer = ask(store, sql, NULL, 0);
    return answer.has_row ? answer.integer : -998;
}

const char *ask_text(struct store *store, const char *sql, char *place, size_t bytes)
{
    place[0] = '\0';
    struct answer answer = ask(store, sql, place, bytes);
    return answer.has_row ? place : "(none)";
}
