// SPDX-License-Identifier: Apache-2.0
// property_test.c - rows made at random, written as JSON in many disguises, come back as they were.
//
// Disguises: shuffled members, white space, escapes that need not be, absent members for NULL, upper-case ids, shortened timestamps. The seed is
// fixed, and printed with a failure.
#include "fixture.h"

#include "base/timestamp.h"

enum { PAGES = 300, ROWS = 8, COLUMNS = 128 };

static uint64_t seed;

// xorshift64*, good enough to shake with
static uint32_t random_below(uint32_t limit)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * UINT64_C(2685821657736338717)) >> 33) % limit;
}

static void append_utf8(struct buf *buf, uint32_t point)
{
    if (point < 0x80) {
        buf_char(buf, (char)point);
    } else if (point < 0x800) {
        buf_char(buf, (char)(0xC0 | point >> 6));
        buf_char(buf, (char)(0x80 | (point & 63)));
    } else if (point < 0x10000) {
        buf_char(buf, (char)(0xE0 | point >> 12));
        buf_char(buf, (char)(0x80 | (point >> 6 & 63)));
        buf_char(buf, (char)(0x80 | (point & 63)));
    } else {
        buf_char(buf, (char)(0xF0 | point >> 18));
        buf_char(buf, (char)(0x80 | (point >> 12 & 63)));
        buf_char(buf, (char)(0x80 | (point >> 6 & 63)));
        buf_char(buf, (char)(0x80 | (point & 63)));
    }
}

static void append_disguised(struct buf *buf, uint32_t point)
{
    if (point >= 0x10000 && random_below(2)) {
        buf_format(buf, "\\u%04x\\u%04X", 0xD800 + ((point - 0x10000) >> 10),
                   0xDC00 + ((point - 0x10000) & 1023));
    } else if (point < 0x10000 && (point < 0x20 || random_below(8) == 0)) {
        buf_format(buf, "\\u%04x", point);
    } else if (point == '"' || point == '\\') {
        buf_char(buf, '\\');
        buf_char(buf, (char)point);
    } else if (point == '/' && random_below(2)) {
        buf_text(buf, "\\/");
    } else {
        append_utf8(buf, point);
    }
}

static uint32_t random_point(void)
{
    switch (random_below(6)) {
    case 0:
        return 1 + random_below(0x1F);
    case 1:
        return 0x80 + random_below(0x780);
    case 2:
        return 0xE000 + random_below(0x2000);
    case 3:
        return 0x10000 + random_below(0x100000);
    default:
        return 0x20 + random_below(0x5F);
    }
}

static void append_space(struct buf *buf)
{
    static const char spaces[] = " \t\n\r";
    while (random_below(4) == 0)
        buf_char(buf, spaces[random_below(4)]);
}

// The text itself into plain (NULL: nowhere), its JSON into json.
static void random_text(struct buf *plain, struct buf *json)
{
    uint32_t count = random_below(3) == 0 ? 0 : random_below(24);
    buf_char(json, '"');
    for (uint32_t i = 0; i < count; i++) {
        uint32_t point = random_point();
        if (plain)
            append_utf8(plain, point);
        append_disguised(json, point);
    }
    buf_char(json, '"');
}

static void random_id(struct buf *plain, struct buf *json)
{
    buf_char(json, '"');
    for (int i = 0; i < 36; i++) {
        char c = "0123456789abcdef"[random_below(16)];
        if (i == 8 || i == 13 || i == 18 || i == 23)
            c = '-';
        buf_char(plain, c);
        buf_char(json, c >= 'a' && random_below(2) ? (char)(c - 'a' + 'A') : c);
    }
    buf_char(json, '"');
}

static void random_timestamp(struct buf *plain, struct buf *json)
{
    char text[TIMESTAMP_BYTES + 1];
    int64_t us = ((int64_t)random_below(1u << 31) - (1 << 30)) * 1000000;
    bool is_whole = random_below(2) == 0;
    assert_true(timestamp_format(is_whole ? us : us + 1 + random_below(999999), text));
    buf_text(plain, text);
    if (is_whole)
        buf_format(json, "\"%.19sZ\"", text);
    else
        buf_format(json, "\"%s\"", text);
}

// The same pieces to both: compact into plain, spread out into json.
static void both(struct buf *plain, struct buf *json, const char *piece)
{
    buf_text(plain, piece);
    append_space(json);
    buf_text(json, piece);
    append_space(json);
}

static void random_json(struct buf *plain, struct buf *json)
{
    static const char *const scalars[] = {
        "null",     "true",    "false", "0", "-12", "1.50", "2e9", "-0.0", "18446744073709551616",
        "\"text\"", "\"日本\""};
    char open[32] = "", shape[32];
    size_t depth = 0;
    bool is_first = true;
    do {
        bool is_object = random_below(2) == 0;
        if (!is_first)
            both(plain, json, ",");
        if (depth > 0 && open[depth - 1] == '}') {
            (void)snprintf(shape, sizeof shape, "\"key %u\"", random_below(50));
            both(plain, json, shape);
            both(plain, json, ":");
        }
        is_first = false;
        if (depth == 0 || (depth < 20 && random_below(3) == 0)) {
            both(plain, json, is_object ? "{" : "[");
            open[depth++] = is_object ? '}' : ']';
            is_first = true;
        } else {
            both(plain, json, scalars[random_below(TILL_COUNT(scalars))]);
        }
        while (depth > 0 && random_below(3) == 0) {
            char close[2] = {open[--depth], 0};
            both(plain, json, close);
            is_first = false;
        }
    } while (depth > 0);
}

static int64_t random_integer(void)
{
    static const int64_t corners[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1000, -1000};
    if (random_below(3) == 0)
        return corners[random_below(TILL_COUNT(corners))];
    return (int64_t)random_below(1u << 31) * random_below(1u << 31) * (random_below(2) ? 1 : -1);
}

static struct value random_value(struct arena *arena, enum column_kind kind, struct buf *json)
{
    AUTO_BUF plain;
    int64_t integer = 0;
    buf_init(&plain, TILL_LIMIT_BUFFER_BYTES);
    switch (kind) {
    case COLUMN_INTEGER:
    case COLUMN_MONEY:
        integer = random_integer();
        buf_int(json, integer);
        return (struct value){.type = VALUE_INTEGER, .integer = integer};
    case COLUMN_BOOLEAN:
        integer = random_below(2);
        buf_text(json, integer ? "true" : "false");
        return (struct value){.type = VALUE_INTEGER, .integer = integer};
    case COLUMN_ID:
        random_id(&plain, json);
        break;
    case COLUMN_TIMESTAMP:
        random_timestamp(&plain, json);
        break;
    case COLUMN_TEXT:
    case COLUMN_ENUM:
        random_text(&plain, json);
        break;
    case COLUMN_JSON:
        random_json(&plain, json);
        break;
    }
    return (struct value){
        .type = VALUE_TEXT,
        .text = arena_sv(arena, (struct sv){plain.data ? plain.data : "", plain.len})};
}

static void random_row(struct arena *arena, const struct table *table, struct value *values,
                       struct buf *json)
{
    size_t order[COLUMNS];
    bool is_first = true;
    for (size_t i = 0; i < table->column_count; i++) {
        size_t other = random_below((uint32_t)i + 1);
        order[i] = order[other];
        order[other] = i;
    }
    buf_char(json, '{');
    for (size_t i = 0; i < table->column_count; i++) {
        const struct column *column = &table->columns[order[i]];
        bool is_null = !(column->flags & COLUMN_NOT_NULL) && random_below(5) == 0;
        values[order[i]] = (struct value){.type = VALUE_NULL};
        if (is_null && random_below(2))
            continue;
        buf_format(json, "%s\"%s\"", is_first ? "" : ",", column->name);
        append_space(json);
        buf_char(json, ':');
        append_space(json);
        if (is_null)
            buf_text(json, "null");
        else
            values[order[i]] = random_value(arena, column->kind, json);
        append_space(json);
        is_first = false;
    }
    buf_char(json, '}');
}

static void check_page(struct fixture *fixture, uint64_t page_seed)
{
    AUTO_ARENA arena;
    AUTO_BUF json;
    struct value values[ROWS][COLUMNS];
    seed = page_seed;
    enum table_id id = (enum table_id)random_below(TABLE__COUNT);
    const struct table *table = model_table(id);
    arena_init(&arena, TILL_LIMIT_ARENA_BYTES);
    buf_init(&json, TILL_LIMIT_BUFFER_BYTES);
    for (size_t i = 0; i < ROWS; i++) {
        if (i > 0)
            buf_char(&json, ',');
        random_row(&arena, table, values[i], &json);
    }
    assert_int_equal(json.failure, TILL_OK);
    fixture_items(fixture, id, json.data);
    if (fixture->page.row_count != ROWS)
        fail_msg("seed %llu: %s", (unsigned long long)page_seed, fixture->page.rejects[0].reason);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < table->column_count; j++) {
            if (!value_equal(&values[i][j], &fixture->page.rows[i].values[j]))
                fail_msg("seed %llu: row %zu, %s.%s: \"%.*s\"", (unsigned long long)page_seed, i,
                         table->name, table->columns[j].name,
                         (int)fixture->page.rows[i].values[j].text.len,
                         fixture->page.rows[i].values[j].text.ptr);
        }
        assert_null(fixture->page.rows[i].extra.ptr);
    }
}

static void test_rows_come_back(void **state)
{
    assert_true(model_max_columns() <= COLUMNS);
    for (uint64_t i = 1; i <= PAGES; i++)
        check_page(*state, i * UINT64_C(0x9E3779B97F4A7C15));
}

int main(void)
{
    const struct CMUnitTest tests[] = {FIXTURE_TEST(test_rows_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
