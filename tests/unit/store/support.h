// SPDX-License-Identifier: Apache-2.0
// support.h - what the store's tests share: a private folder, rows made from a number, and questions in SQL.
#ifndef TILL_TESTS_STORE_SUPPORT_H
#define TILL_TESTS_STORE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/model.h"
#include "store/store.h"

#define ORGANIZATION       "0a0a0a0a-0000-4000-8000-000000000001"
#define OTHER_ORGANIZATION "0b0b0b0b-0000-4000-8000-000000000002"
#define NOON_US            INT64_C(1767268800000000) // 2026-01-01T12:00:00Z

struct fixture {
    char folder[256];
    char path[300];
    struct store *store;
    struct arena arena;
    struct till_error e;
};

void fixture_make(struct fixture *fixture);  // the folder alone
void fixture_open(struct fixture *fixture);  // a folder of its own, a store in it
void fixture_close(struct fixture *fixture); // the folder is removed
void fixture_reopen(struct fixture *fixture);
void remove_folder(const char *folder);
void change_file(struct fixture *fixture,
                 const char *sql); // by SQLite alone, with the store closed
void make_version_1(
    struct fixture *fixture); // an empty database of schema version 1 (version_1.sql)

// Row `number` of a table: every column has a value that follows from the table, the number and nothing else.
struct row *make_rows(struct arena *arena, const struct table *table, int first, size_t count);
struct value *value_of(struct row *row, const char *column);
struct value text_value(const char *text);

int64_t ask_integer(struct store *store, const char *sql);
// Copies the first column of the first row as text; "" for NULL, "(none)" without a row.
const char *ask_text(struct store *store, const char *sql, char *place, size_t bytes);

#define assert_ok(fixture, call)                                                                   \
    do {                                                                                           \
        enum till_code assert_code = (call);                                                       \
        if (assert_code != TILL_OK)                                                                \
            fail_msg("%s: %s", #call, (fixture)->e.text);                                          \
    } while (0)
#define assert_answer(fixture, expected, sql)                                                      \
    assert_int_equal(expected, ask_integer((fixture)->store, sql))

#endif
