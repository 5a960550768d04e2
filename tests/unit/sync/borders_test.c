// SPDX-License-Identifier: Apache-2.0
// borders_test.c - a list whose ties come in another order at each request: pages and windows of tied borders together show every row.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/model.h"
#include "sync/borders.h"

enum { LIST_MOST = 3000, LEAST_MARGIN = 25, TRIALS = 60 };

static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return chance_state % below;
}

struct list {
    int count;
    int group[LIST_MOST];  // of the row at a place; groups are runs of equal sort keys
    int row_at[LIST_MOST]; // the row that a request finds there, shuffled inside of each group
    bool is_seen[LIST_MOST];
};

// Rows of one group change places: what a server without a tie-break may do at any request.
static void shuffle(struct list *list)
{
    for (int first = 0; first < list->count;) {
        int end = first;
        while (end < list->count && list->group[end] == list->group[first])
            end += 1;
        for (int i = end - 1; i > first; i--) {
            int other = first + (int)chance((uint64_t)(i - first + 1));
            int row = list->row_at[i];
            list->row_at[i] = list->row_at[other];
            list->row_at[other] = row;
        }
        first = end;
    }
}

static void make(struct list *list, int count, int largest_group)
{
    int at = 0;
    memset(list, 0, sizeof(*list));
    list->count = count;
    for (int group = 0; at < count; group++) {
        int size = chance(3) > 0 ? 1 : 1 + (int)chance((uint64_t)largest_group);
        for (int i = 0; i < size && at < count; i++, at++) {
            list->group[at] = group;
            list->row_at[at] = at;
        }
    }
}

struct page {
    struct row rows[BORDERS_PAGE_LIMIT];
    struct value *values;
    char keys[BORDERS_PAGE_LIMIT][16];
    struct decode_page decoded;
};

// One request: the rows at its places, with their sort keys; what comes is seen.
static void answer(struct list *list, int64_t number, int limit, struct page *page)
{
    const struct table *table = model_table(TABLE_orders);
    size_t created = 0;
    assert_true(model_column(table, SV("created_at"), &created));
    shuffle(list);
    memset(&page->decoded, 0, sizeof(page->decoded));
    page->decoded.rows = page->rows;
    for (int i = 0; i < limit; i++) {
        int64_t at = (number - 1) * limit + i;
        if (at >= list->count)
            break;
        list->is_seen[list->row_at[at]] = true;
        struct value *values = page->values + (size_t)i * table->column_count;
        (void)snprintf(page->keys[i], sizeof(page->keys[i]), "%08d", list->group[at]);
        values[created] = (struct value){.type = VALUE_TEXT, .text = sv_of(page->keys[i])};
        page->rows[i] = (struct row){.table = table, .values = values};
        page->decoded.row_count += 1;
    }
}

static void walk(struct list *list, struct borders *borders, struct page *page)
{
    borders_reset(borders);
    for (int64_t number = 1; (number - 1) * BORDERS_PAGE_LIMIT < list->count; number++) {
        answer(list, number, BORDERS_PAGE_LIMIT, page);
        borders_note(borders, number, &page->decoded);
    }
    assert_false(borders->is_full);
    for (size_t i = 0; i < borders->count; i++) {
        struct borders_window window = borders_window(borders->tied[i]);
        answer(list, window.page, window.limit, page);
    }
}

static struct page *new_page(void)
{
    struct page *page = calloc(1, sizeof(*page));
    assert_non_null(page);
    page->values =
        calloc(BORDERS_PAGE_LIMIT * model_table(TABLE_orders)->column_count, sizeof(*page->values));
    assert_non_null(page->values);
    return page;
}

static int unseen(const struct list *list)
{
    int count = 0;
    for (int i = 0; i < list->count; i++)
        count += list->is_seen[i] ? 0 : 1;
    return count;
}

// A group that reaches less far than the margin from its border is caught whole by one window.
static void every_row_is_seen(void **state TILL_UNUSED)
{
    struct page *page = new_page();
    struct list *list = malloc(sizeof(*list));
    struct borders *borders = malloc(sizeof(*borders));
    bool was_needed = false;
    assert_non_null(list);
    assert_non_null(borders);
    chance_state = 88172645463325252u;
    for (int trial = 0; trial < TRIALS; trial++) {
        make(list, 1 + (int)chance(LIST_MOST), LEAST_MARGIN);
        walk(list, borders, page);
        assert_int_equal(unseen(list), 0);
        was_needed = was_needed || borders->count > 0;
    }
    assert_true(was_needed);
    free(borders);
    free(list);
    free(page->values);
    free(page);
}

// The test itself: without the windows rows are lost.
static void pages_alone_lose_rows(void **state TILL_UNUSED)
{
    struct page *page = new_page();
    struct list *list = malloc(sizeof(*list));
    int lost = 0;
    assert_non_null(list);
    chance_state = 88172645463325252u;
    for (int trial = 0; trial < TRIALS; trial++) {
        make(list, LIST_MOST, LEAST_MARGIN);
        for (int64_t number = 1; (number - 1) * BORDERS_PAGE_LIMIT < list->count; number++)
            answer(list, number, BORDERS_PAGE_LIMIT, page);
        lost += unseen(list);
    }
    assert_true(lost > 0);
    free(list);
    free(page->values);
    free(page);
}

static void windows_hold_their_border_well_inside(void **state TILL_UNUSED)
{
    for (int64_t offset = BORDERS_PAGE_LIMIT; offset <= 5000000; offset += BORDERS_PAGE_LIMIT) {
        struct borders_window window = borders_window(offset);
        assert_true(window.limit > 0 && window.limit <= BORDERS_PAGE_LIMIT && window.page >= 1);
        int64_t first = (window.page - 1) * window.limit;
        assert_true(first <= offset - LEAST_MARGIN);
        assert_true(first + window.limit >= offset + LEAST_MARGIN);
    }
}

static void pages_that_do_not_continue_have_an_unknown_border(void **state TILL_UNUSED)
{
    struct page *page = new_page();
    struct list *list = malloc(sizeof(*list));
    struct borders *borders = malloc(sizeof(*borders));
    assert_non_null(list);
    assert_non_null(borders);
    chance_state = 42;
    make(list, 1000, 1); // no ties at all
    borders_reset(borders);
    answer(list, 1, BORDERS_PAGE_LIMIT, page);
    borders_note(borders, 1, &page->decoded);
    answer(list, 2, BORDERS_PAGE_LIMIT, page);
    borders_note(borders, 2, &page->decoded);
    assert_int_equal(borders->count, 0);
    answer(list, 5, BORDERS_PAGE_LIMIT, page); // resumed later
    borders_note(borders, 5, &page->decoded);
    borders_note(borders, 5, &page->decoded); // and once more
    assert_int_equal(borders->count, 1);
    assert_true(borders->tied[0] == 400);
    struct decode_reject reject = {.index = BORDERS_PAGE_LIMIT - 1, .reason = "spoilt"};
    answer(list, 6, BORDERS_PAGE_LIMIT, page);
    page->decoded.row_count -= 1;
    page->decoded.rejects = &reject;
    page->decoded.reject_count = 1;
    borders_note(borders, 6, &page->decoded);
    answer(list, 7, BORDERS_PAGE_LIMIT, page);
    borders_note(borders, 7, &page->decoded); // the row before this border was set aside
    assert_int_equal(borders->count, 2);
    assert_true(borders->tied[1] == 600);
    page->decoded.row_count = 0;
    borders_note(borders, 8, &page->decoded); // an empty page says nothing
    assert_int_equal(borders->count, 2);
    free(borders);
    free(list);
    free(page->values);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_seen),
        cmocka_unit_test(pages_alone_lose_rows),
        cmocka_unit_test(windows_hold_their_border_well_inside),
        cmocka_unit_test(pages_that_do_not_continue_have_an_unknown_border),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
