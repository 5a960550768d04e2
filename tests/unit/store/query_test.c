// SPDX-License-Identifier: Apache-2.0
// query_test.c - people's SQL: what works, what is refused, and that nothing hostile gets through or takes long.
#include "support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/limits.h"

#ifdef __SANITIZE_ADDRESS__
enum { SLOW_MS = 30000 }; // the sanitizer's memmem() looks at the whole text each time
#else
enum { SLOW_MS = 1500 };
#endif
enum { TIMEOUT_MS = 150 };

static int prepare(void **state)
{
    static struct fixture f;
    struct store_walk walk;
    struct store_page_counts counts;
    int64_t removed;
    fixture_open(&f);
    struct row *rows = make_rows(&f.arena, model_table(TABLE_orders), 1, 100);
    assert_ok(&f, store_walk_begin(f.store, SV(ORGANIZATION), model_table(TABLE_orders), false,
                                   NOON_US, &walk, &f.e));
    assert_ok(
        &f, store_page(f.store, &walk,
                       &(struct store_incoming){.rows = rows, .row_count = 100, .total_count = 100},
                       NOON_US, &counts, &f.e));
    assert_ok(&f, store_walk_end(f.store, &walk, true, NOON_US, &removed, &f.e));
    store_close(f.store);
    f.store = NULL;
    assert_ok(&f, store_open(f.path, STORE_READ_ONLY, &f.store, &f.e));
    *state = &f;
    return 0;
}

static int finish(void **state)
{
    fixture_close(*state);
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct seen {
    size_t rows, columns, calls;
    struct value last;
    char text[256], name[64], type[64];
    enum till_code answer;
};

static enum till_code see_columns(void *context, const struct store_column_info *columns,
                                  size_t count, struct till_error *e)
{
    struct seen *seen = context;
    (void)e;
    assert_int_equal(0, seen->rows);
    seen->calls++;
    seen->columns = count;
    if (count > 0) {
        (void)snprintf(seen->name, sizeof seen->name, "%s", columns[0].name);
        (void)snprintf(seen->type, sizeof seen->type, "%s", columns[0].declared_type);
    }
    return TILL_OK;
}

static enum till_code see_row(void *context, const struct value *values, size_t count,
                              struct till_error *e)
{
    struct seen *seen = context;
    assert_int_equal(seen->columns, count);
    seen->rows++;
    if (count > 0) {
        seen->last = values[0];
        if (values[0].type == VALUE_TEXT)
            (void)snprintf(seen->text, sizeof seen->text, SV_FORMAT, SV_ARGS(values[0].text));
    }
    return seen->answer == TILL_OK ? TILL_OK : TILL_FAIL(e, seen->answer, 0, "the sink is full");
}

static enum till_code ask_query(struct fixture *f, const struct store_query *query,
                                struct seen *seen, struct store_query_result *result)
{
    struct store_sink sink = {seen, see_columns, see_row};
    memset(result, 0, sizeof *result);
    till_error_clear(&f->e);
    return store_query(f->store, query, &sink, result, &f->e);
}

static enum till_code ask_sql(struct fixture *f, const char *sql, struct seen *seen,
                              struct store_query_result *result)
{
    struct store_query query = {.sql = sql, .timeout_ms = TIMEOUT_MS, .row_limit = 1000};
    return ask_query(f, &query, seen, result);
}

static void test_good_queries(void **state)
{
    static const struct {
        const char *sql, *text;
        size_t rows;
    } cases[] = {
        {"SELECT id, net_amount FROM orders", NULL, 100},
        {"SELECT count(*) FROM orders;", NULL, 1},
        {"SELECT count(*) FROM v_daily_revenue -- a comment\n; /* and another */ ;", NULL, 1},
        {"WITH x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 7) SELECT count(*) FROM x",
         NULL, 1},
        {"SELECT x'00ff10'", "00ff10", 1},
        {"SELECT json_extract(customer, '$.of') FROM orders LIMIT 2", "customer", 2},
        {"SELECT value FROM json_each('[1,\"two\"]')", "two", 2},
        {"SELECT group_concat(x, '-') FROM (SELECT 1 AS x UNION SELECT 2)", "1-2", 1},
        {"SELECT strftime('%Y', '2026-01-01')", "2026", 1},
        {"SELECT replace('aXbXc', 'X', '--')", "a--b--c", 1},
        {"SELECT replace('abc', '', 'x')", "abc", 1},
        {"SELECT printf('%5.2f|%-6s|%06d|%,d|%x|%q|%c|%%|%*d|%!.3g', 1.006, 'ab', -42, 1234567, "
         "255, 'it''s', 'äb', 4, 7, 2.5)",
         " 1.01|ab    |-00042|1,234,567|ff|it''s|ä|%|   7|2.5", 1},
        {"SELECT format('%s-%d', 'x')", "x-0", 1},
        {"SELECT printf('%d', instr('häuser', 'user'))", "3", 1},
        {"SELECT printf('%d', instr('abc', 'z'))", "0", 1},
        {"SELECT printf('%d', instr('abc', ''))", "1", 1},
        {"SELECT printf('%d', instr(x'c3a4c3a4', x'a4c3'))", "2", 1},
        {"SELECT name FROM sqlite_schema WHERE name = 'orders'", "orders", 1},
        {"PRAGMA table_info(till_connections)", NULL, 11},
        {"SELECT count(*) FROM pragma_table_info('orders')", NULL, 1},
        {"EXPLAIN QUERY PLAN SELECT * FROM orders WHERE id = 'x'", NULL, 1},
        {"VALUES (1), (2)", NULL, 2},
        {"SELECT sum(net_amount) OVER (ORDER BY created_at) FROM orders", NULL, 100},
    };
    for (size_t i = 0; i < TILL_COUNT(cases); i++) {
        struct seen seen = {0};
        struct store_query_result result;
        if (ask_sql(*state, cases[i].sql, &seen, &result) != TILL_OK)
            fail_msg("%s: %s", cases[i].sql, ((struct fixture *)*state)->e.text);
        assert_int_equal(1, seen.calls);
        assert_int_equal(cases[i].rows, seen.rows);
        assert_int_equal(cases[i].rows, result.row_count);
        assert_false(result.is_cut);
        if (cases[i].text)
            assert_string_equal(cases[i].text, seen.text);
    }
}

static void test_columns_and_parameters(void **state)
{
    struct seen seen = {0};
    struct store_query_result result;
    struct value parameters[] = {text_value("2025-01-01T00:01:00.000001Z"),
                                 {.type = VALUE_INTEGER, .integer = 4}};
    struct store_query query = {
        .sql = "SELECT created_at FROM orders WHERE created_at = ?1 AND net_amount = ?2",
        .parameters = parameters,
        .parameter_count = 2};
    assert_int_equal(TILL_OK, ask_query(*state, &query, &seen, &result));
    assert_int_equal(1, seen.rows);
    assert_string_equal("created_at", seen.name);
    assert_string_equal("TEXT", seen.type);
    query.sql = "SELECT 1 + 1";
    assert_int_equal(TILL_USAGE, ask_query(*state, &query, &seen, &result));
    query.parameter_count = 0;
    seen = (struct seen){0};
    assert_int_equal(TILL_OK, ask_query(*state, &query, &seen, &result));
    assert_string_equal("", seen.type);
}

static void test_row_limit(void **state)
{
    struct seen seen = {0};
    struct store_query_result result;
    struct store_query query = {.sql = "SELECT id FROM orders", .row_limit = 100};
    assert_int_equal(TILL_OK, ask_query(*state, &query, &seen, &result));
    assert_false(result.is_cut);
    query.row_limit = 99;
    seen = (struct seen){0};
    assert_int_equal(TILL_OK, ask_query(*state, &query, &seen, &result));
    assert_true(result.is_cut);
    assert_int_equal(99, seen.rows);
    seen = (struct seen){.answer = TILL_LIMIT};
    assert_int_equal(TILL_LIMIT, ask_query(*state, &query, &seen, &result));
    assert_int_equal(1, seen.rows);
}

static const char *const hostile[] = {
    "ATTACH '/etc/passwd' AS x",
    "ATTACH ':memory:' AS x",
    "DETACH main",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA user_version = 9",
    "PRAGMA application_id(9)",
    "PRAGMA query_only = 0",
    "PRAGMA trusted_schema = 1",
    "PRAGMA cache_size = 1000000000",
    "PRAGMA mmap_size = 1000000000",
    "PRAGMA temp_store_directory = '/tmp'",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA optimize",
    "PRAGMA database_list",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_integrity_check",
    "SELECT load_extension('/tmp/x.so')",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts3_tokenizer('simple', x'4141414141414141')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/till-was-here', 'x')",
    "SELECT edit('x', 'sh')",
    "SELECT sqlite_log(1, 'x')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM dbstat",
    "SELECT count(*) FROM dbstat",
    "SELECT * FROM sqlite_stmt",
    "SELECT * FROM fsdir('/')",
    "CREATE VIRTUAL TABLE temp.x USING fts4(y)",
    "CREATE VIRTUAL TABLE x USING fts5(y)",
    "CREATE TEMP TABLE x(y)",
    "CREATE TABLE x(y)",
    "CREATE TEMP VIEW v AS SELECT 1",
    "CREATE TEMP TRIGGER t AFTER INSERT ON orders BEGIN SELECT 1; END",
    "UPDATE sqlite_master SET sql = ''",
    "DROP TABLE orders",
    "DELETE FROM orders",
    "UPDATE orders SET net_amount = 0",
    "INSERT INTO till_connections VALUES (1)",
    "WITH x AS (SELECT 1) DELETE FROM orders",
    "EXPLAIN DELETE FROM orders",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE orders",
    "BEGIN",
    "COMMIT",
    "SAVEPOINT x",
    "VACUUM",
    "VACUUM INTO '/tmp/till-was-here'",
    "REINDEX",
    "ANALYZE",
    "",
    "   -- nothing",
    "SELECT",
    "SELECT * FROM nowhere",
    "SELECT \"no such column\" FROM orders",
};

static void test_hostile_statements(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < TILL_COUNT(hostile); i++) {
        struct seen seen = {0};
        struct store_query_result result;
        enum till_code code = ask_sql(f, hostile[i], &seen, &result);
        if (code != TILL_USAGE)
            fail_msg("%s: code %s, %s", hostile[i], till_code_name(code), f->e.text);
        assert_int_equal(0, seen.rows);
        assert_true(f->e.text[0] != '\0');
    }
    assert_int_equal(-1, access("/tmp/till-was-here", F_OK));
    assert_int_equal(TILL_OK, ask_sql(f, "SELECT count(*) FROM orders", &(struct seen){0},
                                      &(struct store_query_result){0}));
}

// Each would take minutes or the whole memory if it were let.
static const char *const bombs[] = {
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x",
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION SELECT n + 1 FROM x) SELECT max(n) FROM x",
    "WITH RECURSIVE x(t) AS (SELECT 'a' UNION ALL SELECT t || t FROM x) SELECT max(length(t)) FROM "
    "x",
    "SELECT count(*) FROM orders AS a, orders AS b, orders AS c, orders AS d, orders AS e",
    "SELECT length(randomblob(1000000000))",
    "SELECT zeroblob(1000000000)",
    "SELECT length(hex(zeroblob(1000000000)))",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT printf('%1000000000d', 1)",
    "SELECT length(replace(hex(zeroblob(2000000)), '0', 'aaaaaaaaaa'))",
    "SELECT group_concat(hex(zeroblob(1000000))) FROM orders",
    "SELECT json_group_array(hex(zeroblob(1000000))) FROM orders",
    "SELECT 'a' LIKE hex(zeroblob(100000))",
    "SELECT max(a.id || b.id || c.id || d.id) FROM orders AS a, orders AS b, orders AS c, orders "
    "AS d ORDER BY random()",
    "SELECT DISTINCT a.id || b.id || c.id || d.id FROM orders AS a, orders AS b, orders AS c, "
    "orders AS d ORDER BY 1 LIMIT 1",
};

static void test_bombs(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < TILL_COUNT(bombs); i++) {
        struct seen seen = {0};
        struct store_query_result result;
        int64_t start = now_ms();
        enum till_code code = ask_sql(f, bombs[i], &seen, &result);
        int64_t spent = now_ms() - start;
        bool is_refused =
            code == TILL_LIMIT || (code == TILL_USAGE && strstr(f->e.text, "too complex"));
        if (!is_refused || spent > SLOW_MS)
            fail_msg("%s: code %s after %lld ms, %s", bombs[i], till_code_name(code),
                     (long long)spent, f->e.text);
    }
}

// Functions that run long within one instruction answer in time, though SQLite cannot interrupt them.
static void test_quadratic_functions(void **state)
{
    static const char *const slow[] = {
        "SELECT instr(hex(zeroblob(2000000)), hex(zeroblob(1000000)) || 'b')",
        "SELECT length(replace(hex(zeroblob(2000000)), hex(zeroblob(1000000)) || 'b', 'c'))",
    };
    for (size_t i = 0; i < TILL_COUNT(slow); i++) {
        struct seen seen = {0};
        struct store_query_result result;
        int64_t start = now_ms();
        enum till_code code = ask_sql(*state, slow[i], &seen, &result);
        assert_true(code == TILL_OK || code == TILL_LIMIT);
        assert_true(now_ms() - start < SLOW_MS);
    }
}

static void test_timeout_and_stop(void **state)
{
    struct fixture *f = *state;
    struct seen seen = {0};
    struct store_query_result result;
    volatile sig_atomic_t stop = 1;
    struct store_query query = {.sql = bombs[0], .timeout_ms = TIMEOUT_MS};
    int64_t start = now_ms();
    assert_int_equal(TILL_LIMIT, ask_query(f, &query, &seen, &result));
    int64_t spent = now_ms() - start;
    assert_true(spent >= TIMEOUT_MS && spent < TIMEOUT_MS + 1000);
    assert_non_null(strstr(f->e.text, "150 ms"));
    query.timeout_ms = 0;
    query.stop = &stop;
    assert_int_equal(TILL_CANCELED, ask_query(f, &query, &seen, &result));
    query.is_trusted = true;
    assert_int_equal(TILL_CANCELED, ask_query(f, &query, &seen, &result));
}

static void test_long_statement(void **state)
{
    struct fixture *f = *state;
    size_t length = TILL_LIMIT_SQL_BYTES + 10;
    char *sql = arena_alloc(&f->arena, length + 1);
    assert_non_null(sql);
    memset(sql, ' ', length);
    memcpy(sql, "SELECT 1", 8);
    sql[length] = '\0';
    assert_int_equal(TILL_LIMIT,
                     ask_sql(f, sql, &(struct seen){0}, &(struct store_query_result){0}));
    memset(sql, '(', 3000);
    memcpy(sql, "SELECT ", 7);
    sql[3000] = '\0';
    assert_int_equal(TILL_USAGE,
                     ask_sql(f, sql, &(struct seen){0}, &(struct store_query_result){0}));
}

static void test_mode(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_int_equal(TILL_USAGE,
                     ask_sql(&f, "SELECT 1", &(struct seen){0}, &(struct store_query_result){0}));
    fixture_close(&f);
}

// Reads while a writer is in the middle of a transaction, and sees the state before it.
static void test_reading_beside_a_writer(void **state)
{
    struct fixture *f = *state;
    struct store *writer;
    struct store_walk walk;
    struct store_page_counts counts;
    struct seen seen = {0};
    struct store_query_result result;
    assert_ok(f, store_open(f->path, STORE_READ_WRITE, &writer, &f->e));
    assert_ok(f, store_walk_begin(writer, SV(ORGANIZATION), model_table(TABLE_orders), false,
                                  NOON_US, &walk, &f->e));
    assert_ok(f, store_page(writer, &walk,
                            &(struct store_incoming){
                                .rows = make_rows(&f->arena, model_table(TABLE_orders), 200, 1),
                                .row_count = 1,
                                .total_count = 1},
                            NOON_US, &counts, &f->e));
    assert_int_equal(TILL_OK, ask_sql(f, "SELECT count(*) FROM orders", &seen, &result));
    assert_int_equal(101, seen.last.integer);
    assert_ok(f, store_walk_drop(writer, &walk, &f->e));
    store_close(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_queries),
        cmocka_unit_test(test_columns_and_parameters),
        cmocka_unit_test(test_row_limit),
        cmocka_unit_test(test_hostile_statements),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_quadratic_functions),
        cmocka_unit_test(test_timeout_and_stop),
        cmocka_unit_test(test_long_statement),
        cmocka_unit_test(test_mode),
        cmocka_unit_test(test_reading_beside_a_writer),
    };
    return cmocka_run_group_tests_name("store query", tests, prepare, finish);
}
