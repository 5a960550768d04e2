// SPDX-License-Identifier: Apache-2.0
// bench.c - store_page against its floor: a bare loop of one prepared INSERT of the same columns into the same table, 100 rows a transaction.
//
// Usage: store_bench [rows]. Rows are orders with about 4 KB of JSON; ids are random as the service's are. Four figures: the floor, a first
// walk, a second walk over unchanged rows, and the peak memory of the process after all.
#include "support.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { PAGE = 100, JSON_BYTES = 800, WIDE_COLUMNS = 5 };

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct row *make_page(struct arena *arena, const struct table *table, int first)
{
    static const char *const wide[WIDE_COLUMNS] = {"customer", "product", "subscription", "items",
                                                   "discount"};
    struct row *rows = make_rows(arena, table, first, PAGE);
    for (size_t i = 0; i < PAGE; i++) {
        for (size_t w = 0; w < WIDE_COLUMNS; w++) {
            char *json = arena_alloc(arena, JSON_BYTES);
            assert_non_null(json);
            memset(json, 'x', JSON_BYTES);
            memcpy(json, "{\"text\":\"", 9);
            memcpy(json + JSON_BYTES - 2, "\"}", 2);
            *value_of(&rows[i], wide[w]) =
                (struct value){.type = VALUE_TEXT, .text = {json, JSON_BYTES}};
        }
    }
    return rows;
}

static double bench_floor(int row_count)
{
    struct fixture f;
    const struct table *table = model_table(TABLE_orders);
    sqlite3 *db;
    sqlite3_stmt *insert;
    char sql[4096] = "INSERT INTO orders(organization_id, till_synced_at, till_extra";
    fixture_open(&f);
    store_close(f.store);
    f.store = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(f.path, &db));
    assert_int_equal(
        SQLITE_OK,
        sqlite3_exec(
            db,
            "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8192; PRAGMA wal_autocheckpoint=8192",
            NULL, NULL, NULL));
    for (size_t i = 0; i < table->column_count; i++)
        (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ",%s", table->columns[i].name);
    (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ") VALUES (?,?,?");
    for (size_t i = 0; i < table->column_count; i++)
        (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ",?");
    (void)snprintf(sql + strlen(sql), sizeof sql - strlen(sql), ")");
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &insert, NULL));
    double spent = 0;
    for (int first = 0; first < row_count; first += PAGE) {
        arena_reset(&f.arena);
        struct row *rows = make_page(&f.arena, table, first);
        double start = seconds_now();
        (void)sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
        for (int r = 0; r < PAGE; r++) {
            (void)sqlite3_bind_text(insert, 1, ORGANIZATION, -1, SQLITE_STATIC);
            (void)sqlite3_bind_text(insert, 2, "2026-01-01T12:00:00.000000Z", -1, SQLITE_STATIC);
            (void)sqlite3_bind_text(insert, 3, rows[r].extra.ptr, (int)rows[r].extra.len,
                                    SQLITE_STATIC);
            for (size_t c = 0; c < table->column_count; c++) {
                const struct value *value = &rows[r].values[c];
                if (value->type == VALUE_TEXT)
                    (void)sqlite3_bind_text(insert, (int)c + 4, value->text.ptr,
                                            (int)value->text.len, SQLITE_STATIC);
                else
                    (void)sqlite3_bind_int64(insert, (int)c + 4, value->integer);
            }
            assert_int_equal(SQLITE_DONE, sqlite3_step(insert));
            (void)sqlite3_reset(insert);
        }
        (void)sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
        spent += seconds_now() - start;
    }
    (void)sqlite3_finalize(insert);
    (void)sqlite3_close(db);
    fixture_close(&f);
    return row_count / spent;
}

static double bench_walk(struct fixture *f, int row_count, bool is_first, int64_t *ret_removed)
{
    const struct table *table = model_table(TABLE_orders);
    struct store_walk walk;
    struct store_page_counts counts;
    double spent = 0, start = seconds_now();
    assert_ok(f, store_walk_begin(f->store, SV(ORGANIZATION), table, false, NOON_US, &walk, &f->e));
    spent += seconds_now() - start;
    for (int first = 0; first < row_count; first += PAGE) {
        arena_reset(&f->arena);
        struct row *rows = make_page(&f->arena, table, first);
        start = seconds_now();
        assert_ok(f, store_page(f->store, &walk,
                                &(struct store_incoming){
                                    .rows = rows, .row_count = PAGE, .total_count = row_count},
                                NOON_US, &counts, &f->e));
        spent += seconds_now() - start;
        assert_int_equal(PAGE, is_first ? counts.added : counts.unchanged);
    }
    start = seconds_now();
    assert_int_equal(row_count, walk.seen_count);
    assert_ok(f, store_walk_end(f->store, &walk, true, NOON_US, ret_removed, &f->e));
    spent += seconds_now() - start;
    return row_count / spent;
}

int main(int argc, char **argv)
{
    int row_count = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 100000;
    int64_t removed = 0;
    struct fixture f;
    struct rusage usage;
    double bare = bench_floor(row_count);
    fixture_open(&f);
    double first = bench_walk(&f, row_count, true, &removed);
    double second = bench_walk(&f, row_count, false, &removed);
    fixture_close(&f);
    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("rows %d\nfloor %.0f rows/s\nfirst walk %.0f rows/s (%.2f times the floor's "
                 "time)\nsecond walk %.0f rows/s\npeak memory %.1f MiB\n",
                 row_count, bare, first, bare / first, second, (double)usage.ru_maxrss / 1024);
    return removed == 0 ? 0 : 1;
}
