// SPDX-License-Identifier: Apache-2.0
// history_test.c - the words of `till history`: money with its currency, times in the zone, long and hostile values within their line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "views/views.h"

static const int64_t seen_us = 1781532192000000; // 2026-06-15T14:03:12Z

struct life {
    struct report_history history;
    struct report_change changes[4];
    struct report_moment moments[3];
    struct zone *zone;
    struct view_style style;
};

static struct value text(const char *words)
{
    return (struct value){.type = VALUE_TEXT, .text = sv_of(words)};
}

static struct value number(int64_t integer)
{
    return (struct value){.type = VALUE_INTEGER, .integer = integer};
}

static void put(struct report_history *history, const char *column, struct value value)
{
    size_t index = 0;
    assert_non_null(model_column(history->table, sv_of(column), &index));
    history->now.values[index] = value;
}

static void change(struct life *life, int place, const char *column, struct value before,
                   struct value after)
{
    life->changes[place] =
        (struct report_change){.column_name = sv_of(column),
                               .column = model_column(life->history.table, sv_of(column), NULL),
                               .old_value = before,
                               .new_value = after};
    for (int i = 1; i <= place; i++)
        life->changes[i - 1].next = &life->changes[i];
}

static void life_begin(struct life *life)
{
    struct till_error e = {0};
    memset(life, 0, sizeof(*life));
    struct report_history *history = &life->history;
    history->table = model_table(TABLE_orders);
    (void)snprintf(history->id, sizeof(history->id), "00000000-0000-4000-8000-000000000007");
    (void)snprintf(history->connection_name, sizeof(history->connection_name), "polar");
    history->now.values = calloc(history->table->column_count, sizeof(struct value));
    assert_non_null(history->now.values);
    history->now.synced_us = seen_us;
    history->currency = SV("usd");
    put(history, "id", text(history->id));
    put(history, "currency", text("usd"));
    put(history, "status", text("paid"));
    put(history, "net_amount", number(1200));
    put(history, "platform_fee_amount", number(-5));
    put(history, "platform_fee_currency", text("jpy"));
    put(history, "created_at", text("2026-06-15T12:00:00.000000Z"));
    assert_int_equal(zone_open("Europe/Vienna", &life->zone, &e), TILL_OK);
    life->style = (struct view_style){.locale = "en_US"};
}

static void life_end(struct life *life)
{
    free(life->history.now.values);
    zone_close(life->zone);
}

static void shows(const struct life *life, const char *expected)
{
    struct buf out;
    buf_init(&out, 65536);
    view_history_text(&out, &life->style, life->zone, &life->history);
    assert_string_equal(out.data, expected);
    buf_release(&out);
}

static const char now_lines[] =
    "    id                            00000000-0000-4000-8000-000000000007\n"
    "    created_at                    2026-06-15 14:00:00\n"
    "    status                        paid\n"
    "    net_amount                    $12.00\n"
    "    currency                      usd\n"
    "    platform_fee_amount           -\xC2\xA5"
    "5\n"
    "    platform_fee_currency         jpy\n";

static void unchanged(void **state TILL_UNUSED)
{
    struct life life;
    char expected[4096];
    life_begin(&life);
    life.history.first_seen_us = seen_us;
    (void)snprintf(expected, sizeof(expected),
                   "orders 00000000-0000-4000-8000-000000000007 (polar)\n"
                   "As till saw it, in Europe/Vienna.\n"
                   "\n"
                   "2026-06-15 16:03:12  first seen, and unchanged since\n"
                   "\n"
                   "Now\n"
                   "%s",
                   now_lines);
    shows(&life, expected);
    life_end(&life);
}

static void make_moments(struct life *life)
{
    change(life, 0, "status", text("pending"), text("paid"));
    change(life, 1, "net_amount", number(1000), number(1200));
    change(life, 2, "customer_id", text("00000000-0000-4000-8000-000000000001"),
           text("00000000-0000-4000-8000-000000000002"));
    change(life, 3, "gone_column", (struct value){.type = VALUE_NULL}, text("x\x1b[2J"));
    life->moments[0] = (struct report_moment){
        .next = &life->moments[1], .seen_us = seen_us, .changes = life->changes};
    life->moments[1] = (struct report_moment){
        .next = &life->moments[2], .kind = REPORT_LEFT, .seen_us = seen_us + 3600000000};
    life->moments[2] =
        (struct report_moment){.kind = REPORT_RETURNED, .seen_us = seen_us + 7200000000};
    life->history.moments = life->moments;
    life->history.moment_count = 3;
}

static void a_life(void **state TILL_UNUSED)
{
    struct life life;
    char expected[4096];
    life_begin(&life);
    make_moments(&life);
    (void)snprintf(expected, sizeof(expected),
                   "orders 00000000-0000-4000-8000-000000000007 (polar)\n"
                   "As till saw it, in Europe/Vienna.\n"
                   "\n"
                   "2026-06-15 16:03:12  was known before then\n"
                   "2026-06-15 16:03:12  changed\n"
                   "    status                        pending -> paid\n"
                   "    net_amount                    $10.00 -> $12.00\n"
                   "    customer_id                   00000000-0000-4000-8000-000000000001\n"
                   "                                  -> 00000000-0000-4000-8000-000000000002\n"
                   "    gone_column                   nothing -> x\xEF\xBF\xBD[2J\n"
                   "2026-06-15 17:03:12  gone from Polar\n"
                   "2026-06-15 18:03:12  back at Polar\n"
                   "\n"
                   "Now\n"
                   "%s",
                   now_lines);
    shows(&life, expected);
    life_end(&life);
}

static void long_values_are_cut(void **state TILL_UNUSED)
{
    struct life life;
    struct buf out;
    char json[400];
    life_begin(&life);
    memset(json, 'x', sizeof(json) - 1);
    json[sizeof(json) - 1] = '\0';
    put(&life.history, "metadata", text(json));
    change(&life, 0, "metadata", text(json), text(json));
    life.moments[0] = (struct report_moment){.seen_us = seen_us, .changes = life.changes};
    life.history.moments = life.moments;
    buf_init(&out, 65536);
    view_history_text(&out, &life.style, life.zone, &life.history);
    struct sv rest = {out.data, out.len};
    struct sv line = {0};
    while (sv_split(&rest, '\n', &line))
        assert_true(text_width(line) < 80);
    buf_reset(&out);
    view_history_json(&out, &life.history);
    assert_non_null(strstr(out.data, json)); // whole
    buf_release(&out);
    life_end(&life);
}

static void json_and_rows_are_raw(void **state TILL_UNUSED)
{
    struct life life;
    struct buf out;
    struct arena arena;
    struct till_error e = {0};
    life_begin(&life);
    make_moments(&life);
    buf_init(&out, 65536);
    view_history_json(&out, &life.history);
    assert_non_null(strstr(out.data,
                           "{\"table\":\"orders\",\"id\":\"00000000-0000-4000-8000-000000000007\","
                           "\"organization_id\":null,\"connection\":\"polar\",\"first_seen\":null,"
                           "\"deleted\":null,\"moments\":[{\"seen_at\":"
                           "\"2026-06-15T14:03:12.000000Z\",\"event\":\"changed\",\"changes\":["
                           "{\"column\":\"status\",\"old_value\":\"pending\","
                           "\"new_value\":\"paid\"},{\"column\":\"net_amount\",\"old_value\":1000,"
                           "\"new_value\":1200}"));
    assert_non_null(strstr(out.data, "\"event\":\"returned\",\"changes\":[]}],\"now\":{\"id\":"));
    buf_reset(&out);
    arena_init(&arena, 1 << 20);
    struct row_view view = {.format = VIEW_CSV, .style = &life.style, .out = &out, .arena = &arena};
    assert_int_equal(view_history_rows(&view, &life.history, &e), TILL_OK);
    assert_string_equal(out.data, "seen_at,event,column,old_value,new_value\n"
                                  "2026-06-15T14:03:12.000000Z,changed,status,pending,paid\n"
                                  "2026-06-15T14:03:12.000000Z,changed,net_amount,1000,1200\n"
                                  "2026-06-15T14:03:12.000000Z,changed,customer_id,"
                                  "00000000-0000-4000-8000-000000000001,"
                                  "00000000-0000-4000-8000-000000000002\n"
                                  "2026-06-15T14:03:12.000000Z,changed,gone_column,,x\x1b[2J\n"
                                  "2026-06-15T15:03:12.000000Z,deleted,,,\n"
                                  "2026-06-15T16:03:12.000000Z,returned,,,\n");
    arena_release(&arena);
    buf_release(&out);
    life_end(&life);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unchanged),
        cmocka_unit_test(a_life),
        cmocka_unit_test(long_values_are_cut),
        cmocka_unit_test(json_and_rows_are_raw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
