// SPDX-License-Identifier: Apache-2.0
// plan_test.c - what SQLite makes of the questions that sync asks at each run: the right index, and a cost that does not grow with the tables.
//
// Every statement of every connection is watched (sqlite3_trace_v2): how many steps of SQLite's machine it took, and whether it stepped through
// a table from end to end. Each question is asked of a small database and of one twenty times as large, and may not cost more there.
#include "contract.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/attr.h"

static struct {
    bool is_watching;
    long steps, scanned;
    char plan[4000]; // EXPLAIN QUERY PLAN of all statements
} watch;

static void explain(sqlite3 *db, const char *text)
{
    char sql[8000];
    sqlite3_stmt *statement = NULL;
    int length = snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", text);
    assert_in_range(length, 1, (int)sizeof sql - 1);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
        return; // BEGIN and COMMIT have no plan
    while (sqlite3_step(statement) == SQLITE_ROW) {
        size_t used = strlen(watch.plan);
        (void)snprintf(watch.plan + used, sizeof watch.plan - used, "%s\n",
                       (const char *)sqlite3_column_text(statement, 3));
    }
    (void)sqlite3_finalize(statement);
}

static int on_profile(unsigned what, void *context, void *statement, void *time)
{
    (void)what;
    (void)context;
    (void)time;
    if (!watch.is_watching)
        return 0;
    watch.is_watching = false;
    watch.steps += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    watch.scanned += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    explain(sqlite3_db_handle(statement), sqlite3_sql(statement));
    watch.is_watching = true;
    return 0;
}

// The signature is sqlite3_auto_extension()'s.
static int on_open(sqlite3 *db, char **message, const struct sqlite3_api_routines *api)
{
    (void)message;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, on_profile, NULL);
}

static void fill(struct fixture *f, int pages)
{
    enum { EACH = 100 };
    for (int id = 0; id < TABLE__COUNT; id++) {
        for (int page = 0; page < pages; page++) {
            struct store_page_counts counts;
            struct row *rows =
                make_rows(&f->arena, model_table((enum table_id)id), 1 + page * EACH, EACH);
            struct value *status = value_of(&rows[0], "status");
            if (status && page == 0)
                *status = text_value(id == TABLE_checkouts ? "open" : "pending");
            if (status && page == 0 && id == TABLE_subscriptions)
                *status = text_value("active");
            assert_ok(f, store_rows(f->store, SV(ORGANIZATION), model_table((enum table_id)id),
                                    &(struct store_incoming){.rows = rows, .row_count = EACH},
                                    NOON_US, &counts, &f->e));
        }
    }
}

typedef void question(struct fixture *f, const struct table *table);

static void ask_moving(struct fixture *f, const struct table *table)
{
    struct store_ids ids;
    assert_ok(f, store_moving(f->store, SV(ORGANIZATION), table, 50, &f->arena, &ids, &f->e));
}

static void ask_due(struct fixture *f, const struct table *table)
{
    struct store_ids ids;
    assert_ok(f, store_due(f->store, SV(ORGANIZATION), table,
                           (struct store_span){NOON_US, NOON_US + 1}, 50, &f->arena, &ids, &f->e));
}

static void ask_newest(struct fixture *f, const struct table *table)
{
    int64_t newest_us;
    assert_ok(f, store_newest(f->store, SV(ORGANIZATION), table, &newest_us, &f->e));
}

static void ask_by_id(struct fixture *f, const struct table *table)
{
    struct sv ids[] = {SV("x"), SV("y"), SV("z")};
    bool is_missing[3], was_live;
    struct value values[3];
    assert_ok(f, store_rows_missing(f->store, table, ids, 3, is_missing, &f->e));
    assert_ok(f, store_column_of(f->store, table, "id", ids, 3, &f->arena, values, &f->e));
    assert_ok(f,
              store_row_bury(f->store, SV(ORGANIZATION), table, ids[0], NOON_US, &was_live, &f->e));
}

static void ask_state(struct fixture *f, const struct table *table)
{
    struct store_ids ids;
    (void)state_of(f, table->id);
    assert_ok(f, store_hints(f->store, SV(ORGANIZATION), table, 50, &f->arena, &ids, &f->e));
}

static void ask_sample(struct fixture *f, const struct table *table)
{
    struct store_ids ids;
    assert_ok(f, store_sample(f->store, SV(ORGANIZATION), table, 1, 7, &f->arena, &ids, &f->e));
}

static void ask_changes(struct fixture *f, const struct table *table)
{
    int64_t newest;
    (void)table;
    assert_ok(f, store_change_newest(f->store, &newest, &f->e));
}

static const struct {
    const char *name;
    question *ask;
    long steps_max;
    const char *
        index; // "<table>_<index>" stands in the plan, for tables that it is for; NULL when any will do
} questions[] = {
    {"moving", ask_moving, 200, "moving"}, {"due", ask_due, 200, "due"},
    {"newest", ask_newest, 100, NULL},     {"by id", ask_by_id, 600, NULL},
    {"state", ask_state, 600, NULL},       {"change", ask_changes, 100, NULL},
};

static bool has_index(const struct table *table, const char *index)
{
    if (strcmp(index, "moving") == 0)
        return table->in_step.moving[0] != '\0';
    return table->in_step.due_column[0] != '\0';
}

// Nobody has a million of those; they have no index on time.
static bool is_small(const struct table *table)
{
    return table->id == TABLE_organizations || table->id == TABLE_products ||
           table->id == TABLE_benefits;
}

static void check_question(struct fixture *f, size_t which, const struct table *table,
                           bool is_large)
{
    char name[100];
    memset(&watch, 0, sizeof watch);
    watch.is_watching = true;
    questions[which].ask(f, table);
    watch.is_watching = false;
    const char *index = questions[which].index;
    (void)snprintf(name, sizeof name, "INDEX %s_%s (", table->name, index ? index : "");
    if (index && has_index(table, index) && !strstr(watch.plan, name))
        fail_msg("%s of %s does not use its index: %s", questions[which].name, table->name,
                 watch.plan);
    if (index && !has_index(table, index))
        assert_int_equal(0, watch.steps);
    if (is_large && !is_small(table) &&
        (watch.steps > questions[which].steps_max || watch.scanned > 1))
        fail_msg("%s of %s takes %ld steps, %ld of a scan: %s", questions[which].name, table->name,
                 watch.steps, watch.scanned, watch.plan);
}

static void test_questions_are_cheap(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fill(&f, 1);
    for (int pages = 1; pages <= 20; pages += 19) {
        if (pages > 1)
            fill(&f, pages);
        for (size_t which = 0; which < TILL_COUNT(questions); which++)
            for (int id = 0; id < TABLE__COUNT; id++)
                check_question(&f, which, model_table((enum table_id)id), pages > 1);
    }
    fixture_close(&f);
}

// By jumps: a few steps each, of a table with 2,000 rows.
static void test_samples_do_not_scan(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fill(&f, 20);
    memset(&watch, 0, sizeof watch);
    watch.is_watching = true;
    ask_sample(&f, model_table(TABLE_orders));
    watch.is_watching = false;
    assert_in_range(watch.scanned, 0, 20); // till_tables
    assert_in_range(watch.steps, 10, 400);
    fixture_close(&f);
}

// The watch itself sees a scan.
static void test_the_watch_sees(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    fill(&f, 1);
    memset(&watch, 0, sizeof watch);
    watch.is_watching = true;
    assert_answer(&f, 0, "SELECT count(*) FROM orders WHERE description = 'x'");
    watch.is_watching = false;
    assert_in_range(watch.scanned, 90, 110);
    assert_true(watch.steps > 300);
    assert_non_null(strstr(watch.plan, "SCAN orders"));
    fixture_close(&f);
}

static void test_durable_means_full(void **state)
{
    struct fixture f;
    (void)state;
    fixture_open(&f);
    assert_answer(&f, 1, "PRAGMA synchronous");
    assert_ok(&f, store_make_durable(f.store, &f.e));
    assert_answer(&f, 2, "PRAGMA synchronous");
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_watch_sees),
        cmocka_unit_test(test_questions_are_cheap),
        cmocka_unit_test(test_samples_do_not_scan),
        cmocka_unit_test(test_durable_means_full),
    };
    if (sqlite3_auto_extension((void (*)(void))on_open) != SQLITE_OK)
        return 1;
    return cmocka_run_group_tests_name("store plans", tests, NULL, NULL);
}
