// SPDX-License-Identifier: Apache-2.0
// notes_test.c - annotations, goals and saved queries on every back end: order, repetition, removal, ceilings, what is refused.
#include "contract.h"

#include <string.h>

#include "base/limits.h"
#include "store/notes.h"

static int64_t note(struct fixture *f, struct civil_date date, struct sv text)
{
    int64_t id = 0;
    assert_ok(f, store_annotation_put(f->store, date, text, NOON_US, &id, &f->e));
    assert_true(id > 0);
    return id;
}

static void test_annotations(struct fixture *f)
{
    static const struct civil_date early = {2025, 12, 31}, late = {2026, 1, 2};
    struct store_annotations found;
    bool was_there = false;
    assert_ok(f, store_annotations(f->store, NULL, NULL, &f->arena, &found, &f->e));
    assert_int_equal(0, found.count);
    int64_t second = note(f, late, SV("launched v2"));
    int64_t first = note(f, early, SV("  price up \xe2\x9c\xa8 "));
    assert_int_equal(second, note(f, late, SV("launched v2")));
    int64_t third = note(f, late, SV("newsletter"));
    assert_ok(f, store_annotations(f->store, NULL, NULL, &f->arena, &found, &f->e));
    assert_int_equal(3, found.count);
    assert_int_equal(first, found.list[0].id);
    assert_int_equal(31, found.list[0].date.day);
    assert_true(sv_equal(found.list[0].text, SV("price up \xe2\x9c\xa8")));
    assert_int_equal(NOON_US, found.list[0].created_us);
    assert_int_equal(second, found.list[1].id);
    assert_int_equal(third, found.list[2].id);
    assert_ok(f, store_annotations(f->store, &late, &late, &f->arena, &found, &f->e));
    assert_int_equal(2, found.count);
    assert_ok(f, store_annotations(f->store, NULL, &early, &f->arena, &found, &f->e));
    assert_int_equal(1, found.count);
    // The number of one that is gone is not given again.
    assert_ok(f, store_annotation_remove(f->store, third, &was_there, &f->e));
    assert_true(was_there);
    assert_ok(f, store_annotation_remove(f->store, third, &was_there, &f->e));
    assert_false(was_there);
    assert_true(note(f, late, SV("newsletter")) > third);
}

static void refuse_note(struct fixture *f, struct civil_date date, struct sv text)
{
    int64_t id = 42;
    till_error_clear(&f->e);
    assert_int_equal(TILL_USAGE, store_annotation_put(f->store, date, text, NOON_US, &id, &f->e));
    assert_true(f->e.text[0] != '\0');
    assert_int_equal(42, id);
}

static void test_bad_annotations(struct fixture *f)
{
    static const struct civil_date day = {2026, 1, 1};
    char text[TILL_LIMIT_NOTE_BYTES + 1];
    memset(text, 'x', sizeof text);
    refuse_note(f, day, SV(""));
    refuse_note(f, day, SV("  \t "));
    refuse_note(f, day, SV("two\nlines"));
    refuse_note(f, day, SV("\x1b[2J"));
    refuse_note(f, day, SV("\xff"));
    refuse_note(f, day, (struct sv){text, sizeof text});
    refuse_note(f, (struct civil_date){2026, 2, 29}, SV("v2"));
    refuse_note(f, (struct civil_date){0, 1, 1}, SV("v2"));
    refuse_note(f, (struct civil_date){10000, 1, 1}, SV("v2"));
    refuse_note(f, (struct civil_date){2026, 101, 1}, SV("v2"));
    (void)note(f, day, (struct sv){text, sizeof text - 1});
    assert_answer(f, 1, "SELECT count(*) FROM till_annotations");
}

static void test_annotations_are_bounded(struct fixture *f)
{
    static const struct civil_date day = {2026, 1, 1};
    int64_t id = 0;
    for (int i = 0; i < TILL_LIMIT_NOTES; i++)
        (void)note(f, civil_date_add_days(day, i), SV("v2"));
    assert_int_equal(TILL_LIMIT,
                     store_annotation_put(f->store, day, SV("more"), NOON_US, &id, &f->e));
    assert_true(f->e.hint[0] != '\0');
    assert_answer(f, TILL_LIMIT_NOTES, "SELECT count(*) FROM till_annotations");
    (void)note(f, day, SV("v2")); // is there
}

static void set_goal(struct fixture *f, struct sv metric, struct sv currency, int64_t amount)
{
    struct store_goal goal = {
        .metric = metric, .currency = currency, .amount_minor = amount, .created_us = NOON_US};
    assert_ok(f, store_goal_put(f->store, &goal, &f->e));
}

static void test_goals(struct fixture *f)
{
    struct store_goals found;
    bool was_there = false;
    set_goal(f, SV("revenue"), SV("usd"), 100);
    set_goal(f, SV("revenue"), SV("eur"), 200);
    set_goal(f, SV("orders"), SV(""), 7);
    set_goal(f, SV("revenue"), SV("usd"), 500000);
    struct store_goal goal = {.metric = SV("revenue"),
                              .currency = SV("eur"),
                              .amount_minor = 300,
                              .has_until = true,
                              .until = {2026, 12, 31},
                              .created_us = NOON_US + 1};
    assert_ok(f, store_goal_put(f->store, &goal, &f->e));
    assert_ok(f, store_goals(f->store, &f->arena, &found, &f->e));
    assert_int_equal(3, found.count);
    assert_true(sv_equal(found.list[0].metric, SV("orders")));
    assert_int_equal(0, found.list[0].currency.len);
    assert_false(found.list[0].has_until);
    assert_true(sv_equal(found.list[1].currency, SV("eur")));
    assert_int_equal(300, found.list[1].amount_minor);
    assert_true(found.list[1].has_until);
    assert_int_equal(2026, found.list[1].until.year);
    assert_int_equal(NOON_US + 1, found.list[1].created_us);
    assert_int_equal(500000, found.list[2].amount_minor);
    assert_ok(f, store_goal_remove(f->store, SV("revenue"), SV("eur"), &was_there, &f->e));
    assert_true(was_there);
    assert_answer(f, 2, "SELECT count(*) FROM till_goals");
    assert_ok(f,
              store_goal_remove(f->store, SV("revenue"), (struct sv){NULL, 0}, &was_there, &f->e));
    assert_true(was_there);
    assert_ok(f,
              store_goal_remove(f->store, SV("revenue"), (struct sv){NULL, 0}, &was_there, &f->e));
    assert_false(was_there);
    assert_answer(f, 1, "SELECT count(*) FROM till_goals");
}

static void test_bad_goals(struct fixture *f)
{
    static const struct store_goal bad[] = {
        {.metric = {"", 0}, .currency = {"usd", 3}, .amount_minor = 1, .created_us = 1},
        {.metric = {"revenue", 7}, .currency = {"USD", 3}, .amount_minor = 1, .created_us = 1},
        {.metric = {"revenue", 7}, .currency = {"us", 2}, .amount_minor = 1, .created_us = 1},
        {.metric = {"revenue", 7}, .currency = {"usd", 3}, .amount_minor = 0, .created_us = 1},
        {.metric = {"revenue", 7}, .currency = {"usd", 3}, .amount_minor = -1, .created_us = 1},
        {.metric = {"revenue", 7}, .currency = {"usd", 3}, .amount_minor = 1},
        {.metric = {"revenue", 7},
         .currency = {"usd", 3},
         .amount_minor = 1,
         .created_us = 1,
         .has_until = true},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(TILL_USAGE, store_goal_put(f->store, &bad[i], &f->e));
    assert_answer(f, 0, "SELECT count(*) FROM till_goals");
}

static void test_saved_queries(struct fixture *f)
{
    struct store_saved_queries found;
    struct store_saved_query one;
    bool is_found = false, was_there = false;
    assert_ok(f,
              store_saved_query_put(f->store, SV("best days"), SV("SELECT\n 1"), NOON_US, &f->e));
    assert_ok(f, store_saved_query_put(f->store, SV("a"), SV("SELECT 2"), NOON_US, &f->e));
    assert_ok(f, store_saved_query_put(f->store, SV(" a "), SV("SELECT 3"), NOON_US + 1, &f->e));
    assert_ok(f, store_saved_queries(f->store, &f->arena, &found, &f->e));
    assert_int_equal(2, found.count);
    assert_true(sv_equal(found.list[0].sql, SV("SELECT 3")));
    assert_int_equal(NOON_US, found.list[0].created_us);
    assert_int_equal(NOON_US + 1, found.list[0].changed_us);
    assert_true(sv_equal(found.list[1].name, SV("best days")));
    assert_ok(f, store_saved_query(f->store, SV("best days"), &f->arena, &one, &is_found, &f->e));
    assert_true(is_found && sv_equal(one.sql, SV("SELECT\n 1")));
    assert_ok(f, store_saved_query(f->store, SV("best"), &f->arena, &one, &is_found, &f->e));
    assert_false(is_found);
    assert_ok(f, store_saved_query_remove(f->store, SV("a"), &was_there, &f->e));
    assert_true(was_there);
    assert_ok(f, store_saved_query_remove(f->store, SV("a"), &was_there, &f->e));
    assert_false(was_there);
    assert_int_equal(TILL_USAGE,
                     store_saved_query_put(f->store, SV(""), SV("SELECT 1"), NOON_US, &f->e));
    assert_int_equal(TILL_USAGE,
                     store_saved_query_put(f->store, SV("b"), SV(" \n"), NOON_US, &f->e));
    assert_int_equal(TILL_USAGE,
                     store_saved_query_put(f->store, SV("b"), SV("SELECT '\xff'"), NOON_US, &f->e));
    assert_int_equal(TILL_USAGE,
                     store_saved_query_put(f->store, SV("b"), SV("SELECT 1\0;"), NOON_US, &f->e));
    char text[TILL_LIMIT_SAVED_QUERY_BYTES + 1];
    memset(text, ' ', sizeof text);
    memcpy(text, "SELECT 1", 8);
    assert_int_equal(
        TILL_LIMIT,
        store_saved_query_put(f->store, SV("b"), (struct sv){text, sizeof text}, NOON_US, &f->e));
    assert_ok(f, store_saved_query_put(f->store, SV("b"), (struct sv){text, sizeof text - 1},
                                       NOON_US, &f->e));
}

// They are about the business: removing an organization leaves them.
static void test_a_purge_leaves_notes(struct fixture *f)
{
    connect_organization(f, "polar", ORGANIZATION);
    (void)note(f, (struct civil_date){2026, 1, 1}, SV("v2"));
    set_goal(f, SV("orders"), SV(""), 7);
    assert_ok(f, store_connection_remove(f->store, "polar", true, &f->e));
    assert_answer(f, 1, "SELECT count(*) FROM till_annotations");
    assert_answer(f, 1, "SELECT count(*) FROM till_goals");
}

static const struct contract contracts[] = {
    {"annotations", test_annotations},
    {"bad annotations", test_bad_annotations},
    {"annotations are bounded", test_annotations_are_bounded},
    {"goals", test_goals},
    {"bad goals", test_bad_goals},
    {"saved queries", test_saved_queries},
    {"a purge leaves notes", test_a_purge_leaves_notes},
};

int main(void)
{
    return contracts_run("store notes", contracts, TILL_COUNT(contracts));
}
