// SPDX-License-Identifier: Apache-2.0
// digest_test.c - what is compared with what, how a change is told, and what stands out, in days small enough to reckon by hand.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "digest/digest.h"

enum { DAYS = 100, LAST = DAYS - 1 };
enum { EUR = 0x657572 };

static struct civil_date date(const char *text)
{
    struct civil_date day = {0};
    assert_true(civil_date_parse(text, &day));
    return day;
}

static void assert_date(struct civil_date day, const char *text)
{
    assert_int_equal(civil_date_to_days(day), civil_date_to_days(date(text)));
}

// ---- times ----

static void months_end_where_they_end(void **state)
{
    static const struct {
        const char *last, *from, *before_from, *before_to;
    } months[] = {
        {"2026-11-17", "2026-11-01", "2026-10-01", "2026-10-17"},
        {"2026-03-31", "2026-03-01", "2026-02-01", "2026-02-28"}, // shorter
        {"2026-03-29", "2026-03-01", "2026-02-01", "2026-02-28"},
        {"2028-03-29", "2028-03-01", "2028-02-01", "2028-02-29"}, // a leap year
        {"2028-02-29", "2028-02-01", "2028-01-01", "2028-01-29"},
        {"2026-01-01", "2026-01-01", "2025-12-01", "2025-12-01"},
        {"2026-10-31", "2026-10-01", "2026-09-01", "2026-09-30"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof months / sizeof months[0]; i++) {
        struct digest_span span = digest_span(DIGEST_MONTH, date(months[i].last));
        assert_date(span.from, months[i].from);
        assert_date(span.to, months[i].last);
        assert_date(span.before_from, months[i].before_from);
        assert_date(span.before_to, months[i].before_to);
    }
}

static void days_and_weeks_do_not_overlap(void **state)
{
    (void)state;
    struct digest_span day = digest_span(DIGEST_DAY, date("2028-03-07"));
    assert_date(day.from, "2028-03-07");
    assert_date(day.before_to, "2028-02-29");
    struct digest_span week = digest_span(DIGEST_WEEK, date("2028-03-07"));
    assert_date(week.from, "2028-03-01");
    assert_date(week.before_from, "2028-02-23");
    assert_date(week.before_to, "2028-02-29");
}

static void the_first_day_covers_all_that_is_compared(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 800; i++) {
        struct civil_date last = civil_date_add_days(date("2027-01-01"), i);
        int64_t first = civil_date_to_days(digest_first_day(last));
        for (int32_t lag = 0; lag < 8; lag++) {
            struct civil_date end = civil_date_add_days(last, -lag);
            for (int window = 0; window < DIGEST_WINDOW__COUNT; window++)
                assert_true(first <= civil_date_to_days(
                                         digest_span((enum digest_window)window, end).before_from));
        }
        assert_true(first <= civil_date_to_days(last) - 7 * DIGEST_USUAL_WEEKS - 6);
    }
}

// ---- changes ----

static struct digest_number number(int64_t part)
{
    return (struct digest_number){true, part, 1};
}

static void assert_change(enum digest_unit unit, struct digest_number now,
                          struct digest_number before, enum digest_change_kind kind,
                          enum digest_measure measure, int64_t amount)
{
    struct digest_change change = digest_compare(unit, &now, &before);
    assert_int_equal(change.kind, kind);
    if (kind != DIGEST_UP && kind != DIGEST_DOWN)
        return;
    assert_int_equal(change.measure, measure);
    assert_int_equal(change.amount, amount);
}

static void changes_are_told_in_the_measure_that_fits(void **state)
{
    const struct digest_number none = {false, 0, 1};
    (void)state;
    assert_change(DIGEST_COUNT, number(38), number(34), DIGEST_UP, DIGEST_ABSOLUTE, 4);
    assert_change(DIGEST_COUNT, number(3800), number(3900), DIGEST_DOWN, DIGEST_ABSOLUTE, 100);
    assert_change(DIGEST_COUNT, number(7), number(7), DIGEST_FLAT, DIGEST_ABSOLUTE, 0);
    assert_change(DIGEST_MONEY, number(421000), number(397200), DIGEST_UP, DIGEST_SHARE, 60);
    // A small base; what is just not small.
    assert_change(DIGEST_MONEY, number(9000), number(1999), DIGEST_UP, DIGEST_ABSOLUTE, 7001);
    assert_change(DIGEST_MONEY, number(9000), number(2000), DIGEST_UP, DIGEST_SHARE, 3500);
    assert_change(DIGEST_MONEY, number(0), number(0), DIGEST_FLAT, DIGEST_ABSOLUTE, 0);
    assert_change(DIGEST_MONEY, number(500), number(0), DIGEST_UP, DIGEST_ABSOLUTE, 500);
    // Half a percent is no news.
    assert_change(DIGEST_MONEY, number(100449), number(100000), DIGEST_FLAT, DIGEST_SHARE, 0);
    assert_change(DIGEST_MONEY, number(100450), number(100000), DIGEST_UP, DIGEST_SHARE, 5);
    assert_change(DIGEST_MONEY, number(0), number(100000), DIGEST_DOWN, DIGEST_SHARE, 1000);
    // Rates by points.
    assert_change(DIGEST_PERCENT, (struct digest_number){true, 3, 100},
                  (struct digest_number){true, 5, 200}, DIGEST_UP, DIGEST_POINTS, 5);
    assert_change(DIGEST_PERCENT, (struct digest_number){true, 10, 100},
                  (struct digest_number){true, 20, 200}, DIGEST_FLAT, DIGEST_POINTS, 0);
    // Nothing to compare with.
    assert_change(DIGEST_COUNT, number(3), none, DIGEST_NEW, DIGEST_ABSOLUTE, 0);
    assert_change(DIGEST_COUNT, number(0), none, DIGEST_UNKNOWN, DIGEST_ABSOLUTE, 0);
    assert_change(DIGEST_COUNT, none, number(3), DIGEST_UNKNOWN, DIGEST_ABSOLUTE, 0);
    // The ends of the range.
    assert_change(DIGEST_MONEY, number(INT64_MAX), number(2000), DIGEST_UP, DIGEST_SHARE,
                  1000000000);
    assert_change(DIGEST_MONEY, number(INT64_MAX), number(INT64_MIN), DIGEST_UP, DIGEST_ABSOLUTE,
                  INT64_MAX);
}

// ---- series ----

struct world {
    struct digest_number days[DAYS];
    struct digest_series series;
    struct digest_line line;
    struct digest digest;
    struct digest_facts facts;
    struct arena arena;
};

static void fill(struct world *w, enum digest_line_id id, metrics_currency currency, int64_t each)
{
    memset(w, 0, sizeof *w);
    for (size_t i = 0; i < DAYS; i++)
        w->days[i] = number(each);
    w->series = (struct digest_series){
        .id = id, .currency = currency, .count = DAYS, .days = w->days, .ends = LAST};
}

static struct civil_date first_of(struct civil_date last)
{
    return civil_date_add_days(last, 1 - DAYS);
}

static void reckon(struct world *w, const char *last)
{
    digest_reckon(&w->series, first_of(date(last)), date(last), &w->line);
}

static void activities_add_up_and_balances_do_not(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 3);
    w.days[LAST].part = 10;
    reckon(&w, "2026-11-17");
    assert_int_equal(w.line.cells[DIGEST_DAY].now.part, 10);
    assert_int_equal(w.line.cells[DIGEST_DAY].before.part, 3);
    assert_int_equal(w.line.cells[DIGEST_WEEK].now.part, 28);
    assert_int_equal(w.line.cells[DIGEST_WEEK].before.part, 21);
    assert_int_equal(w.line.cells[DIGEST_MONTH].now.part, 16 * 3 + 10);
    assert_int_equal(w.line.cells[DIGEST_MONTH].before.part, 17 * 3);
    fill(&w, DIGEST_mrr, METRICS_USD, 3);
    w.days[LAST].part = 10;
    reckon(&w, "2026-11-17");
    for (int window = 0; window < DIGEST_WINDOW__COUNT; window++) {
        assert_int_equal(w.line.cells[window].now.part, 10);
        assert_int_equal(w.line.cells[window].before.part, 3);
    }
}

static void ratios_divide_sums(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_average_order_value, METRICS_USD, 0);
    for (size_t i = 0; i < DAYS; i++)
        w.days[i] = (struct digest_number){true, 0, 0}; // nothing sold
    w.days[LAST] = (struct digest_number){true, 1000, 3};
    w.days[LAST - 1] = (struct digest_number){true, 50, 1};
    reckon(&w, "2026-11-17");
    assert_int_equal(digest_round(DIGEST_MONEY, &w.line.cells[DIGEST_DAY].now), 333);
    assert_int_equal(digest_round(DIGEST_MONEY, &w.line.cells[DIGEST_WEEK].now), 263); // 262.5
    assert_false(w.line.cells[DIGEST_DAY].before.has_value);
    assert_int_equal(w.line.cells[DIGEST_DAY].change.kind, DIGEST_NEW);
}

static void what_began_in_between_has_nothing_before(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 3);
    w.series.begins = LAST - 2;
    reckon(&w, "2026-11-17");
    assert_int_equal(w.line.cells[DIGEST_DAY].change.kind, DIGEST_NEW);
    assert_int_equal(w.line.cells[DIGEST_WEEK].now.part, 9);
    assert_int_equal(w.line.cells[DIGEST_WEEK].change.kind, DIGEST_NEW);
    // Visits of days that nobody counted are not none.
    w.series.id = DIGEST_visitors;
    w.series.needs_whole = true;
    reckon(&w, "2026-11-17");
    assert_true(w.line.cells[DIGEST_DAY].now.has_value);
    assert_false(w.line.cells[DIGEST_WEEK].now.has_value);
    w.series.begins = DAYS; // none at all
    reckon(&w, "2026-11-17");
    assert_false(w.line.cells[DIGEST_DAY].now.has_value);
}

static void what_comes_later_has_its_own_date(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_search_clicks, 0, 3);
    w.series.needs_whole = true;
    w.series.ends = LAST - 3;
    w.days[LAST - 3].part = 8;
    w.days[LAST - 10].part = 6;
    reckon(&w, "2026-11-17");
    assert_true(w.line.has_own_date);
    assert_date(w.line.last, "2026-11-14");
    assert_int_equal(w.line.cells[DIGEST_DAY].now.part, 8);
    assert_int_equal(w.line.cells[DIGEST_DAY].before.part, 6);
    assert_int_equal(w.line.cells[DIGEST_WEEK].now.part, 26);
}

static void other_currencies_are_quiet_when_nothing_happens(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_revenue, EUR, 0);
    w.digest.main = METRICS_USD;
    reckon(&w, "2026-11-17");
    assert_false(digest_is_shown(&w.digest, &w.line, DIGEST_DAY));
    w.digest.main = EUR;
    assert_true(digest_is_shown(&w.digest, &w.line, DIGEST_DAY));
    fill(&w, DIGEST_mrr, EUR, 500);
    w.digest.main = METRICS_USD;
    reckon(&w, "2026-11-17");
    assert_true(digest_is_shown(&w.digest, &w.line, DIGEST_DAY));
    assert_false(digest_is_shown(&w.digest, &w.line, DIGEST_WEEK)); // the same as of the day
    w.digest.is_weekly = true;
    assert_true(digest_is_shown(&w.digest, &w.line, DIGEST_WEEK));
}

// ---- what stands out ----

static void stand_out(struct world *w, const char *last)
{
    struct till_error e = {0};
    arena_init(&w->arena, 1 << 20);
    w->digest.date = date(last);
    w->facts.series = &w->series;
    w->facts.series_count = 1;
    w->facts.first = first_of(date(last));
    w->facts.locale = "en_US";
    assert_int_equal(digest_standouts(&w->facts, &w->arena, &w->digest, &e), TILL_OK);
}

static void assert_told(struct world *w, size_t count, const char *text)
{
    assert_int_equal(w->digest.standout_count, count);
    if (count > 0)
        assert_string_equal(w->digest.standouts[0].text.ptr, text);
    arena_release(&w->arena);
}

static void unusual_days_are_told_with_their_numbers(void **state)
{
    static const int64_t weeks[] = {34, 31, 36, 33, 38, 35, 34, 30};
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 500);
    for (size_t i = 0; i < 8; i++)
        w.days[LAST - 7 * (i + 1)].part = weeks[i];
    w.days[LAST].part = 61;
    stand_out(&w, "2026-11-17");
    assert_string_equal(w.digest.standouts[0].look.ptr,
                        "till breakdown --from 2026-11-17 --to 2026-11-17");
    assert_told(&w, 1,
                "Orders: 61, more than usual. The 8 Tuesdays before had 34 in the middle, "
                "typically off by 2.");
    w.days[LAST].part = 40; // within three tenths of the median
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, "");
    w.days[LAST].part = 3;
    w.digest.is_partial = true; // the rest of the day may yet come
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, "");
    w.digest.is_partial = false;
    w.series.begins = LAST - 7 * 4; // four weeks are no usual
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, "");
}

static void weeks_stand_out_beside_weeks(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_revenue, METRICS_USD, 10000);
    for (size_t i = 0; i < 7; i++)
        w.days[LAST - i].part = 2000;
    w.digest.is_weekly = true;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 1,
                "Revenue: $140, less than usual. The 8 weeks before had $700 in the middle, "
                "typically off by $0.");
}

static void small_numbers_are_no_news(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 0);
    w.days[LAST].part = 4;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, "");
    fill(&w, DIGEST_revenue, METRICS_USD, 0); // sold now and then
    w.days[LAST].part = 900000;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, "");
}

static void who_left_matters_by_share_or_by_rank(void **state)
{
    static const struct {
        int64_t mrr, all, largest;
        const char *text;
    } cases[] = {
        {40000, 440000, 30000, "The largest customer left: Example, $400 of MRR, 9.1% of $4,400."},
        {22000, 440000, 30000, "A large customer left: Example, $220 of MRR, 5.0% of $4,400."},
        {21900, 440000, 30000, NULL},
        {3100, 440000, 3000, "The largest customer left: Example, $31 of MRR, 0.7% of $4,400."},
        {0, 0, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        fill(&w, DIGEST_orders, 0, 0);
        w.facts.lost[0] = (struct digest_lost){.name = SV("Example"),
                                               .currency = METRICS_USD,
                                               .mrr_minor = cases[i].mrr,
                                               .all_minor = cases[i].all,
                                               .largest_minor = cases[i].largest};
        w.facts.lost_count = 1;
        stand_out(&w, "2026-11-17");
        assert_told(&w, cases[i].text ? 1 : 0, cases[i].text);
    }
}

static void who_left_is_not_named_where_names_must_not_go(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 0);
    w.facts.lost[0] = (struct digest_lost){
        .currency = METRICS_USD, .mrr_minor = 40000, .all_minor = 440000, .largest_minor = 30000};
    w.facts.lost_count = 1;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 1, "The largest customer left: $400 of MRR, 9.1% of $4,400.");
}

static void payments_and_sources(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 0);
    w.facts.failures = 6;
    w.facts.failures_before = 3;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 0, ""); // changes were not watched for two weeks
    w.facts.knows_failures = true;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 1,
                "More payments fail: 6 subscriptions missed one in 7 days, 3 in the 7 before.");
    w.facts.failures_before = 4;
    w.facts.dried[0] = (struct digest_dried){SV("news"), 0, 3, -1, -1};
    w.facts.dried[1] = (struct digest_dried){SV("few"), 0, 2, 11, 50};
    w.facts.dried_count = 2;
    stand_out(&w, "2026-11-17");
    assert_told(&w, 1, "A source dried up: news brought 0 orders in 7 days, 3 in the 7 before.");
    w.facts.dried[0] = (struct digest_dried){SV("social"), 1, 2, 10, 50};
    stand_out(&w, "2026-11-17");
    assert_told(&w, 1,
                "A source dried up: social brought 1 orders in 7 days, 2 in the 7 before; 10 "
                "visitors, 50 before.");
}

static void first_times(void **state)
{
    struct world w;
    (void)state;
    fill(&w, DIGEST_orders, 0, 0);
    w.facts.firsts[0] = (struct digest_first){DIGEST_FIRST_CURRENCY, SV("eur")};
    w.facts.firsts[1] = (struct digest_first){DIGEST_FIRST_PRODUCT, SV("Pro")};
    w.facts.first_count = 2;
    stand_out(&w, "2026-11-17");
    assert_string_equal(w.digest.standouts[1].text.ptr, "The first order of Pro.");
    assert_told(&w, 2, "The first order in EUR.");
    for (size_t i = 0; i < DIGEST_FIRSTS; i++)
        w.facts.firsts[i] = w.facts.firsts[0];
    w.facts.first_count = DIGEST_FIRSTS;
    stand_out(&w, "2026-11-17");
    assert_told(&w, DIGEST_STANDOUTS, "The first order in EUR.");
}

// ---- words ----

static void words_are_as_people_write(void **state)
{
    static const struct {
        int64_t minor;
        const char *text;
    } amounts[] = {{421000, "$4,210"}, {421049, "$4,210"}, {421050, "$4,211"},   {950, "$9.50"},
                   {9999, "$99.99"},   {10001, "$100"},    {-421050, "-$4,211"}, {0, "$0"}};
    struct buf text;
    (void)state;
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        buf_init(&text, 256);
        digest_money_words(&text, amounts[i].minor, METRICS_USD, "en_US");
        assert_int_equal(text.len, strlen(amounts[i].text));
        assert_memory_equal(text.data, amounts[i].text, text.len);
        buf_release(&text);
    }
    buf_init(&text, 256);
    digest_count_words(&text, 1234567);
    buf_char(&text, ' ');
    digest_count_words(&text, -1000);
    buf_char(&text, ' ');
    digest_percent_words(&text, 1234);
    buf_char(&text, ' ');
    digest_percent_words(&text, -5);
    assert_int_equal(text.len, strlen("1,234,567 -1,000 12.3% -0.1%"));
    assert_memory_equal(text.data, "1,234,567 -1,000 12.3% -0.1%", text.len);
    buf_release(&text);
    assert_string_equal(digest_weekday(date("2026-11-17")), "Tuesday");
    assert_string_equal(digest_weekday(date("1969-12-31")), "Wednesday");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_end_where_they_end),
        cmocka_unit_test(days_and_weeks_do_not_overlap),
        cmocka_unit_test(the_first_day_covers_all_that_is_compared),
        cmocka_unit_test(changes_are_told_in_the_measure_that_fits),
        cmocka_unit_test(activities_add_up_and_balances_do_not),
        cmocka_unit_test(ratios_divide_sums),
        cmocka_unit_test(what_began_in_between_has_nothing_before),
        cmocka_unit_test(what_comes_later_has_its_own_date),
        cmocka_unit_test(other_currencies_are_quiet_when_nothing_happens),
        cmocka_unit_test(unusual_days_are_told_with_their_numbers),
        cmocka_unit_test(weeks_stand_out_beside_weeks),
        cmocka_unit_test(small_numbers_are_no_news),
        cmocka_unit_test(who_left_matters_by_share_or_by_rank),
        cmocka_unit_test(who_left_is_not_named_where_names_must_not_go),
        cmocka_unit_test(payments_and_sources),
        cmocka_unit_test(first_times),
        cmocka_unit_test(words_are_as_people_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
